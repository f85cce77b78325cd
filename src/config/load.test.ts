import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { codeOf, messageOf } from '../errors.ts';
import { parseImageName } from '../oci/reference.ts';
import { ruling } from '../policy/decide.ts';
import { sourcesOf } from '../policy/requirement.ts';
import { compilePolicy } from '../policy/rules.ts';
import { configFile, DEFAULT_FILE, loadConfig } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'tufgate-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const shipped = new URL('../../config/', import.meta.url).pathname;
const examples = readdirSync(join(shipped, 'examples')).map((name) => join('examples', name));
const env = { REGISTRY_PASSWORD: 'x', NOTARY_PASSWORD: 'x' };

function failure(file: string): string {
  try {
    loadConfig(file, {});
  } catch (error) {
    expect(codeOf(error)).toBe('config.invalid');
    return messageOf(error);
  }
  return 'loaded';
}

describe('the shipped configurations', () => {
  it.each(['tufgate.yaml', 'docker.yaml', ...examples])('%s loads, and its policy compiles', (name) => {
    const copy = join(folder, 'shipped');
    cpSync(shipped, copy, { recursive: true });
    // What its reader has to fetch first.
    writeFileSync(join(copy, 'examples', 'approvals-root.json'), '{"signed":{},"signatures":[]}');
    const config = loadConfig(join(copy, name), env);
    expect(compilePolicy(config.policy).rules.length).toBeGreaterThan(0);
  });

  it.each(['tufgate.yaml', 'docker.yaml'])('%s lets in what its own approvals sign, and nothing else', (name) => {
    const config = loadConfig(join(shipped, name), {});
    const rule = compilePolicy(config.policy).ruleFor(parseImageName('nginx'), 'latest');
    const found = ruling(rule, 0);
    expect(found.kind === 'require' && sourcesOf(found.requirement)).toEqual([{ kind: 'source', source: 'approvals' }]);
    const source = config.trust.get('approvals');
    expect(source).toMatchObject({ kind: 'tuf', location: { kind: 'folder' } });
    expect(source?.kind === 'tuf' && source.publish?.folder).toBe(join(config.data, 'approvals'));
  });

  it('listen where they say', () => {
    const standard = loadConfig(join(shipped, 'tufgate.yaml'), {});
    expect([standard.listen[0]?.host, standard.admin.host]).toEqual(['127.0.0.1', '127.0.0.1']);
    const docker = loadConfig(join(shipped, 'docker.yaml'), {});
    expect(docker).toMatchObject({
      data: '/data',
      listen: [{ host: '0.0.0.0', port: 5000, insecure: true }],
      admin: { host: '0.0.0.0', port: 5001 },
    });
  });
});

describe('loading', () => {
  it('takes the option, then the environment, then the default', () => {
    expect(configFile('a.yaml', { TUFGATE_CONFIG: 'b.yaml' })).toBe('a.yaml');
    expect(configFile(undefined, { TUFGATE_CONFIG: 'b.yaml' })).toBe('b.yaml');
    expect(configFile(undefined, { TUFGATE_CONFIG: '' })).toBe(DEFAULT_FILE);
  });

  it('says in one line which file is missing and what to do', () => {
    const message = failure(join(folder, 'none.yaml'));
    expect(message).toContain(join(folder, 'none.yaml'));
    expect(message).toContain('--config FILE');
    expect(message).not.toContain('\n');
  });

  it('refuses a directory, a device and what is not text', () => {
    writeFileSync(join(folder, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
    expect(failure(folder)).toContain('it is a directory');
    expect(failure('/dev/zero')).toContain('cannot be read');
    expect(failure(join(folder, 'binary.yaml'))).toContain('not UTF-8');
  });

  it('finds files beside the configuration, not beside the process', () => {
    const file = join(folder, 'tufgate.yaml');
    const upstream = 'docker.io: { url: https://registry-1.docker.io, credentials: { docker_config: auth.json } }';
    writeFileSync(file, `data: state\nupstreams: { ${upstream} }\npolicy: []\n`);
    expect(failure(file)).toBe(
      `${file}:2:92: docker_config: cannot read "${folder}/auth.json": there is no such file: create it or correct the path`,
    );
    writeFileSync(join(folder, 'auth.json'), '{}');
    expect(loadConfig(file, {}).data).toBe(join(folder, 'state'));
  });
});
