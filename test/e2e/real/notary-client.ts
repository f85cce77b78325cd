import { must } from './run.ts';
import type { Workspace } from './workspace.ts';

const PASSPHRASE = 'only-for-these-stories';
const KEY_OWNERS = ['ROOT', 'TARGETS', 'SNAPSHOT', 'DELEGATION'];

/** A publisher at his keyboard: the real `notary` command with a key folder of his own. Everything is published at once. */
export class NotaryClient {
  private readonly space: Workspace;
  private readonly common: readonly string[];

  /** @param name of the publisher: two of them share no keys */
  constructor(space: Workspace, server: { readonly url: string; readonly ca: string }, name: string) {
    this.space = space;
    this.common = ['-s', server.url, '--tlscacert', server.ca, '-d', space.folder(name)];
  }

  async init(gun: string): Promise<void> {
    await this.run('init', '-p', gun);
  }

  /** Signs in `targets` unless roles are named. */
  async sign(gun: string, tag: string, target: Signable, ...roles: string[]): Promise<void> {
    const hex = target.digest.replace('sha256:', '');
    const where = roles.length === 0 ? [] : ['-r', roles.join(',')];
    await this.run('addhash', '-p', gun, tag, String(target.size), '--sha256', hex, ...where);
  }

  /** @param flags `-r`: the server is to hold the new key */
  async rotate(gun: string, role: string, ...flags: string[]): Promise<void> {
    await this.run('key', 'rotate', gun, role, ...flags);
  }

  async importKey(key: string): Promise<void> {
    await this.run('key', 'import', key, '--role', 'user');
  }

  /** @param path prefix of the tags that the role may sign; all when absent */
  async delegate(gun: string, role: string, certificates: readonly string[], path?: string): Promise<void> {
    const paths = path === undefined ? ['--all-paths'] : ['--paths', path];
    await this.run('delegation', 'add', '-p', gun, role, ...certificates, ...paths);
  }

  /** Takes keys away from a role, by their ids as `notary` shows them; without any, the whole delegation. */
  async undelegate(gun: string, role: string, ...keys: string[]): Promise<void> {
    await this.run('delegation', 'remove', '-p', '-y', gun, role, ...keys);
  }

  /** Signs a role anew as it is. */
  async witness(gun: string, role: string): Promise<void> {
    await this.run('witness', '-p', gun, role);
  }

  /** Deletes the collection, on the server too. */
  async delete(gun: string): Promise<void> {
    await this.run('delete', gun, '--remote');
  }

  run(...args: string[]): Promise<string> {
    const words = KEY_OWNERS.map((role) => [`NOTARY_${role}_PASSPHRASE`, PASSPHRASE] as const);
    const env = this.space.env(Object.fromEntries(words));
    return must('notary', [...this.common, ...args], { env, input: 'yes\nyes\n' });
  }
}

export interface Signable {
  readonly digest: string;
  readonly size: number;
}
