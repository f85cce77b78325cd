import { writeFileSync } from 'node:fs';
import { must } from './run.ts';
import type { Workspace } from './workspace.ts';
import { whereIs } from './needs.ts';

/** Programs that stories with tokens need. */
export const TOKENS = ['softhsm2-util', 'pkcs11-tool'];
/** Debian's softhsm2 puts it there, on every architecture. */
export const LIBRARY = '/usr/lib/softhsm/libsofthsm2.so';

export type TokenAlgorithm = 'EC:prime256v1' | 'EC:edwards25519' | 'rsa:2048';

/** SoftHSM2 with a folder of its own: each token has a label and a PIN, and makes keys that never leave it. */
export class SoftHsm {
  /** For every program that is to meet these tokens. */
  readonly env: Readonly<Record<string, string>>;
  private readonly space: Workspace;

  constructor(space: Workspace) {
    this.space = space;
    const config = space.at('softhsm2.conf');
    writeFileSync(config, `directories.tokendir = ${space.folder('tokens')}\nobjectstore.backend = file\n`);
    this.env = { SOFTHSM2_CONF: config };
  }

  async token(label: string, pin: string): Promise<Token> {
    const words = ['--init-token', '--free', '--label', label, '--so-pin', `so-${pin}`, '--pin', pin];
    await must(whereIs('softhsm2-util') ?? '', words, { env: this.space.env(this.env) });
    return new Token(label, pin, this.space.env(this.env));
  }
}

export class Token {
  readonly label: string;
  readonly pin: string;
  private readonly env: NodeJS.ProcessEnv;

  constructor(label: string, pin: string, env: NodeJS.ProcessEnv) {
    this.label = label;
    this.pin = pin;
    this.env = env;
  }

  /** @param id hex */
  async generate(algorithm: TokenAlgorithm, label: string, id: string): Promise<void> {
    await this.tool('--keypairgen', '--key-type', algorithm, '--label', label, '--id', id);
  }

  /** The public half of another key under this label and id, in the place of its own. */
  async mislabel(id: string, as: string): Promise<void> {
    await this.tool('--delete-object', '--type', 'privkey', '--id', as);
    await this.tool('--set-id', as, '--type', 'privkey', '--id', id);
  }

  /** As RFC 7512 names it; the PIN comes from `TOKEN_PIN`. */
  uri(path: string, pinSource = 'env:TOKEN_PIN'): string {
    return `pkcs11:token=${encodeURIComponent(this.label)};${path}?module-path=${LIBRARY}&pin-source=${pinSource}`;
  }

  private async tool(...words: readonly string[]): Promise<void> {
    const args = ['--module', LIBRARY, '--token-label', this.label, '--login', '--pin', 'env:TOKEN_PIN', ...words];
    await must(whereIs('pkcs11-tool') ?? '', args, { env: { ...this.env, TOKEN_PIN: this.pin } });
  }
}
