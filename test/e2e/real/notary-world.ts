import { writeFileSync } from 'node:fs';
import { Notary } from './notary.ts';
import { NotaryClient, type Signable } from './notary-client.ts';
import { OneShotGate } from './one-shot-gate.ts';
import { freePort } from './ports.ts';
import { Workspace } from './workspace.ts';

/** What the stories sign; no registry is asked for it, for nothing is pulled here. */
export const SIGNED: Signable = { digest: `sha256:${'a'.repeat(64)}`, size: 1_234 };
/** What bob signs under the same name. */
export const RENEWED: Signable = { digest: `sha256:${'6'.repeat(64)}`, size: 666 };

export type PinBy = 'root' | 'keys' | 'first-use';

/** The real trust server, its publisher alice, and bob, who may write to the server but has none of alice's keys. */
export class NotaryWorld {
  readonly space = new Workspace();
  notary!: Notary;
  alice!: NotaryClient;
  bob!: NotaryClient;
  private nowhere = '';

  static async start(): Promise<NotaryWorld> {
    const world = new NotaryWorld();
    try {
      world.notary = await Notary.start(world.space);
      world.nowhere = `http://127.0.0.1:${await freePort()}`;
    } catch (error) {
      await world.close();
      throw error;
    }
    world.alice = new NotaryClient(world.space, world.notary, 'alice');
    world.bob = new NotaryClient(world.space, world.notary, 'bob');
    return world;
  }

  async close(): Promise<void> {
    await this.space.close();
  }

  /** A collection of alice's in which `targets` signed the tag 1.0. @returns its GUN, which is its image name too */
  async publish(name: string): Promise<string> {
    const gun = `registry.example/acme/${name}`;
    await this.alice.init(gun);
    await this.alice.sign(gun, '1.0', SIGNED);
    return gun;
  }

  /**
   * A gate that trusts the collection as the server has it now; asked for again, the same gate with its pin renewed.
   * @param signers the roles that must sign each tag; the usual rules when there are none
   */
  async gate(gun: string, pin: PinBy = 'root', signers: readonly string[] = []): Promise<OneShotGate> {
    const server = { type: 'notary', url: this.notary.url, ca: this.notary.ca };
    const trust = pin === 'first-use' ? { first_use: 'remember' } : { pins: { [gun]: await this.pinned(gun, pin) } };
    return new OneShotGate(this.space, `${gun.replaceAll('/', '_')}-${pin}`, {
      upstreams: { [gun.slice(0, gun.indexOf('/'))]: { url: this.nowhere } },
      trust: { vendor: { ...server, ...trust } },
      policy: [{ match: '**', require: [signers.length === 0 ? 'vendor' : { source: 'vendor', signers }] }],
      freshness: { check_every: '1s' },
    });
  }

  private async pinned(gun: string, pin: 'root' | 'keys'): Promise<unknown> {
    if (pin === 'keys') return { keys: await this.notary.rootKeys(gun) };
    const root = this.space.at(`${gun.replaceAll('/', '_')}.root.json`);
    writeFileSync(root, await this.notary.metadata(gun, 'root'));
    return { root };
  }
}
