import { createHash } from 'node:crypto';
import type { PinAnchor } from '../../../src/config/config.ts';
import type { Plain } from '../../../src/simulator/notary-document.ts';
import { plainKey } from '../../../src/simulator/notary-key.ts';
import { NotaryRepository } from '../../../src/simulator/notary-repository.ts';
import type { Answer, Scene, Settings, Step } from '../case.ts';

export const NOW = Date.UTC(2026, 10, 21);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const REGISTRY = 'docker.io';
export const REPOSITORY = 'library/alpine';
export const GUN = `${REGISTRY}/${REPOSITORY}`;
/** What the publisher means, what it means later, and what the attacker wants. */
export const GOOD = `sha256:${'aa'.repeat(32)}`;
export const NEW = `sha256:${'bb'.repeat(32)}`;
export const EVIL = `sha256:${'ee'.repeat(32)}`;

/**
 * A publisher, its trust server, and a client that asks for one tag. A story sets the scene: it publishes, lets the
 * client pull, then changes something. What stands when it ends is the last step.
 */
export class NotaryScene {
  readonly publisher: NotaryRepository;
  /** What the server says instead, by file name without `.json`; undefined: there is no such file. */
  readonly lies = new Map<string, Answer | undefined>();
  clock = NOW;
  tag = '1';
  settings: Settings;
  private readonly steps: Step[] = [];

  /** One tag, signed in `targets`; the client has pinned the root key. Already published. */
  constructor() {
    this.publisher = new NotaryRepository(GUN, NOW).sign(this.tag, GOOD, 1_024);
    // Ed25519, the simulator's default here, costs milliseconds a signature, and there are thousands.
    this.publisher.of('timestamp').keys = [plainKey('ecdsa')];
    this.publisher.publish();
    this.settings = { pin: this.rootPin(), firstUse: 'refuse', releases: 'strict' };
  }

  /** The keys that sign the root now. */
  rootPin(): PinAnchor {
    return { kind: 'keys', keyIds: this.publisher.of('root').keys.map(({ keyId }) => keyId) };
  }

  configure(over: Partial<Settings>): this {
    this.settings = { ...this.settings, ...over };
    return this;
  }

  /** Nothing anchors the collection but what is seen first. */
  onFirstUse(): this {
    const { releases } = this.settings;
    this.settings = { firstUse: 'remember', releases };
    return this;
  }

  /** The client asks, and must get this. An hour goes by. */
  pull(digest = GOOD): this {
    this.steps.push({ ...this.now(), digest });
    return this.wait(HOUR);
  }

  wait(ms: number): this {
    this.clock += ms;
    this.publisher.now = this.clock;
    return this;
  }

  lie(name: string, answer: Answer | Uint8Array | undefined): this {
    this.lies.set(name, answer instanceof Uint8Array ? { kind: 'bytes', bytes: answer } : answer);
    return this;
  }

  /** The name by which a role's file is asked for. */
  hashed(role: string): string {
    return `${role}.${createHash('sha256').update(this.publisher.bytesOf(role)).digest('hex')}`;
  }

  /** Signs something else than the publisher's tools would, and publishes. */
  edit(role: string, change: (signed: Plain) => void): this {
    this.publisher.edits.set(role, change);
    this.publisher.touch(role).publish();
    return this;
  }

  /** Changes the file after it was signed, and publishes. */
  rewrite(role: string, change: (text: string) => string): this {
    this.publisher.rewrites.set(role, (bytes) => Buffer.from(change(Buffer.from(bytes).toString())));
    this.publisher.touch(role).publish();
    return this;
  }

  /** With the attack as it stands now. */
  attacked(tamper?: Step['tamper']): Scene {
    const last = { ...this.now(), ...(tamper && { tamper }) };
    return { registry: REGISTRY, repository: REPOSITORY, steps: [...this.steps, last] };
  }

  pulled(): Scene {
    return { registry: REGISTRY, repository: REPOSITORY, steps: this.steps };
  }

  private now(): Step {
    const answers = new Map<string, Answer>();
    for (const [name, bytes] of this.publisher.files()) answers.set(pathOf(name), { kind: 'bytes', bytes });
    for (const [name, answer] of this.lies) {
      if (answer === undefined) answers.delete(pathOf(name));
      else answers.set(pathOf(name), answer);
    }
    return { at: this.clock, tag: this.tag, answers, settings: this.settings };
  }
}

function pathOf(name: string): string {
  return `/v2/${GUN}/_trust/tuf/${name}.json`;
}

/** `memberOf(signed, 'roles.root')`: an object inside what is signed. */
export function memberOf(signed: Plain, path: string): Plain {
  return path.split('.').reduce((at, name) => at[name] as Plain, signed);
}
