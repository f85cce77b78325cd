import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { createKeyFile } from '../../src/approvals/keys/key-file.ts';
import { openSigner } from '../../src/approvals/keys/open-signer.ts';
import { Passphrases } from '../../src/approvals/keys/passphrase.ts';
import { pipe } from '../keyboard.ts';
import { stories } from './real/needs.ts';
import { atTerminal, type Session, type Step } from './real/pty.ts';
import { must, run } from './real/run.ts';
import { Workspace } from './real/workspace.ts';

const PROGRAM = fileURLToPath(new URL('../contract/ask-passphrase.js', import.meta.url));
const SECRET = 'correct horse';

/** Passphrases at a real terminal, and key files in the hands of openssl. */
stories('passphrases and key files', ['python3', 'openssl'], () => {
  const space = new Workspace();
  const file = space.at('root.pem');
  beforeAll(() => () => space.close());

  const ask = (verb: string, ...steps: readonly Step[]): Promise<Session> =>
    atTerminal(space, [process.execPath, PROGRAM, verb, file], steps);
  const yes = { see: '[y/N]', type: 'y\n' };

  it('are asked after a yes, twice for a new key, and never shown', async () => {
    const { shown, code } = await ask(
      'create',
      yes,
      { see: 'New passphrase', type: `${SECRET}\r` },
      { see: 'The same again', type: `${SECRET}\r` },
    );
    expect(shown).toMatch(/key [0-9a-f]{64}/);
    expect(shown).not.toContain(SECRET);
    expect(shown).not.toContain('*');
    expect(code).toBe(0);
  });

  it('may be mistyped, mended, and tried again', async () => {
    const { shown, code } = await ask(
      'open',
      yes,
      { see: 'Passphrase of', type: 'something else\r' },
      { see: 'Passphrase of', type: `correctt\x7f horse\r` },
    );
    expect(shown).toMatch(/key [0-9a-f]{64}/);
    expect(shown).not.toContain('horse');
    expect(code).toBe(0);
  });

  it('Ctrl-C ends it', async () => {
    const { shown, code } = await ask('open', yes, { see: 'Passphrase of', type: 'corr\x03' });
    expect(shown).toContain('not confirmed: nothing was changed');
    expect(code).toBe(1);
  });

  it('typed ahead are not lost', async () => {
    const { code } = await ask('open', { see: '[y/N]', type: `y\n${SECRET}\n` });
    expect(code).toBe(0);
  });

  it('without a terminal it is said what to set', async () => {
    const { output, code } = await run(process.execPath, [PROGRAM, 'open', file], { input: `y\n${SECRET}\n` });
    expect(output).toContain('--yes: there is no terminal to ask on');
    expect(code).toBe(1);
  });

  it('openssl reads our encrypted keys and public halves', async () => {
    for (const algorithm of ['ed25519', 'p256'] as const) {
      const path = space.at(`${algorithm}.pem`);
      await createKeyFile(path, algorithm, SECRET);
      const pass = ['-passin', 'env:SECRET'];
      const env = space.env({ SECRET });
      const derived = await must('openssl', ['pkey', '-in', path, ...pass, '-pubout'], { env });
      expect(derived).toBe(await must('openssl', ['pkey', '-pubin', '-in', `${path}.pub`, '-pubout'], { env }));
      expect((await run('openssl', ['pkey', '-in', path, '-passin', 'pass:wrong'], { env })).code).not.toBe(0);
    }
  });

  it('and we read those of openssl', async () => {
    for (const words of [['ED25519'], ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256']]) {
      const [plain, sealed] = [space.at('plain.pem'), space.at(`openssl-${words[0] ?? ''}.pem`)];
      const env = space.env({ SECRET });
      writeFileSync(plain, await must('openssl', ['genpkey', '-algorithm', ...words], { env }), { mode: 0o600 });
      await must('openssl', ['pkcs8', '-topk8', '-in', plain, '-out', sealed, '-passout', 'env:SECRET'], { env });
      const passphrases = new Passphrases({
        env: { TUFGATE_PASSPHRASE: SECRET },
        keyboard: pipe(),
        say: () => undefined,
      });
      const open = (path: string) => openSigner(path, { env: {}, passphrases });
      expect((await open(sealed)).keyId).toBe((await open(plain)).keyId);
      expect(existsSync(`${sealed}.pub`)).toBe(false);
    }
  });
});
