import { tufKey } from '../../../src/simulator/tuf-key.ts';
import type { Plain } from '../../../src/simulator/tuf-document.ts';
import { TufRepository, type TufRepositoryOptions } from '../../../src/simulator/tuf-repository.ts';
import type { Answer, Scene, Settings, Step } from '../case.ts';
import { GOOD, HOUR, NOW } from '../notary/scene.ts';

export { DAY, EVIL, GOOD, HOUR, memberOf, NEW, NOW } from '../notary/scene.ts';

/** Whoever sits on the network, with a key of its own. */
export const STRANGER = tufKey('ed25519', 'a stranger');

/** What has verified, and is stored, when a file further down is refused. */
export const LEARNED = {
  root: [],
  timestamp: [],
  snapshot: ['floor timestamp'],
  targets: ['floor timestamp', 'floor snapshot'],
  /** And the delegator's file is the one of before. */
  delegated: ['floor timestamp', 'floor snapshot', 'view'],
} as const;

/**
 * A publisher with a TUF 1.0 repository for all images, its web server, and a client that asks for one tag. A story sets
 * the scene: it publishes, lets the client pull, then changes something. What stands when it ends is the last step.
 */
export class TufScene {
  publisher: TufRepository;
  /** What the server says instead, by file name, not encoded; undefined: there is no such file. */
  readonly lies = new Map<string, Answer | undefined>();
  clock = NOW;
  registry = 'docker.io';
  repository = 'library/alpine';
  tag = '1';
  settings: Settings;
  private byDigest: Step['byDigest'];
  private readonly steps: Step[] = [];

  /** One tag, signed in `targets`; the client has pinned the first root. Already published. */
  constructor() {
    this.publisher = new TufRepository(NOW);
    this.settings = { firstUse: 'refuse', releases: 'strict' };
    this.anew();
  }

  /** Another repository than the usual one, from its first root on. */
  anew(options: TufRepositoryOptions = {}, prepare: (publisher: TufRepository) => void = () => undefined): this {
    this.publisher = new TufRepository(NOW, { name: 'corpus', ...options });
    // Ed25519, the simulator's default, costs milliseconds a signature, and there are thousands.
    for (const role of ['root', 'timestamp', 'snapshot']) {
      this.publisher.authorize(role, { keys: [tufKey('p256', `corpus ${role}`)] });
    }
    prepare(this.publisher);
    this.sign(this.tag, GOOD).publish();
    return this.pin(this.publisher.at('root', 1));
  }

  pin(bytes: Uint8Array): this {
    return this.configure({ pin: { kind: 'root-file', file: 'root.json', bytes } });
  }

  configure(over: Partial<Settings>): this {
    this.settings = { ...this.settings, ...over };
    return this;
  }

  /** Another image than the usual one. */
  image(registry: string, repository: string, tag = this.tag): this {
    Object.assign(this, { registry, repository, tag });
    return this;
  }

  get name(): string {
    return `${this.registry}/${this.repository}`;
  }

  sign(tag: string, digest: string, role = 'targets', length = 1_024): TufRepository {
    return this.publisher.put(`${this.name}:${tag}`, { digest, length }, role);
  }

  /** Asks for a digest by its own name instead of a tag. */
  askFor(digest: NonNullable<Step['byDigest']>): this {
    this.byDigest = digest;
    return this;
  }

  /** The client asks, and must get this. An hour goes by. */
  pull(digest = GOOD): this {
    this.steps.push({ ...this.now(), digest });
    return this.wait(HOUR);
  }

  wait(ms: number): this {
    this.clock += ms;
    return this;
  }

  lie(name: string, answer: Answer | Uint8Array | undefined): this {
    this.lies.set(name, answer instanceof Uint8Array ? { kind: 'bytes', bytes: answer } : answer);
    return this;
  }

  /** Of the role's current file. */
  lieAbout(role: string, answer: Answer | Uint8Array | undefined): this {
    return this.lie(this.publisher.fileOf(role), answer);
  }

  /** Signs something else than the publisher's tools would, and publishes. */
  edit(role: string, change: (signed: Plain) => void): this {
    this.publisher.edits.set(role, change);
    this.publisher.touch(role).publish();
    return this;
  }

  /** Changes the file after it was signed, and publishes. */
  rewrite(role: string, change: (text: string) => string | Uint8Array): this {
    this.publisher.rewrites.set(role, (bytes) => Buffer.from(change(Buffer.from(bytes).toString())));
    this.publisher.touch(role).publish();
    return this;
  }

  /** With the attack as it stands now. */
  attacked(tamper?: Step['tamper']): Scene {
    return this.told([...this.steps, { ...this.now(), ...(tamper && { tamper }) }]);
  }

  pulled(): Scene {
    return this.told(this.steps);
  }

  private told(steps: readonly Step[]): Scene {
    return { registry: this.registry, repository: this.repository, steps };
  }

  private now(): Step {
    const answers = new Map<string, Answer>();
    for (const [path, bytes] of this.publisher.files.paths()) answers.set(`/${path}`, { kind: 'bytes', bytes });
    for (const [name, answer] of this.lies) {
      const path = `/${encodeURIComponent(name)}`;
      if (answer === undefined) answers.delete(path);
      else answers.set(path, answer);
    }
    const { clock: at, tag, settings, byDigest } = this;
    return { at, tag, answers, settings, ...(byDigest && { byDigest }) };
  }
}
