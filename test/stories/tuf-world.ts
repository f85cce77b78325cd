import type { Plain } from '../../src/simulator/tuf-document.ts';
import { TufRepository } from '../../src/simulator/tuf-repository.ts';
import { TufServer } from '../../src/simulator/tuf-server.ts';
import { type Answer, type GateWorld, openGate, START } from './gate-world.ts';

/** The whole gate before a TUF 1.0 repository of approvals, for those who attack it. */
export const REPOSITORY = 'reg.example/acme/app';
export const TARGET = `${REPOSITORY}:1.0`;
/** All tags of the repository. */
export const PATHS = [`${REPOSITORY}:*`];
export const MINUTE = 60_000;

export interface Opening {
  readonly rule?: string;
  /** YAML of further rules, and of other members of the configuration. */
  readonly more?: string;
  /** Served from a folder that the test writes, `published` beside the configuration, instead of over HTTP. */
  readonly folder?: boolean;
  /** Who is delegated to; the first publish is made with it. */
  readonly layout?: (repository: TufRepository) => TufRepository;
}

export class TufWorld {
  readonly server: TufServer;
  readonly approvals: TufRepository;
  readonly gate: GateWorld;
  private readonly others: GateWorld[] = [];

  private constructor(server: TufServer, approvals: TufRepository, gate: GateWorld) {
    this.server = server;
    this.approvals = approvals;
    this.gate = gate;
  }

  static async open({
    rule = 'require: [approvals]',
    more = '',
    folder = false,
    layout = (made) => made,
  }: Opening = {}): Promise<TufWorld> {
    const server = new TufServer();
    await server.listen();
    const approvals = layout(new TufRepository(START)).publish();
    server.serve('tuf', approvals.files);
    const url = folder ? 'file:published' : `${server.url.href}tuf`;
    const sources = `  approvals: { type: tuf, url: "${url}", root: root.json }`;
    const gate = await openGate({ rule, more, sources, files: { 'root.json': approvals.at('root', 1) } });
    return new TufWorld(server, approvals, gate);
  }

  /** Another gate before the same sources and registry, which has its own data. Closed with this world's. */
  async another(): Promise<GateWorld> {
    const other = await this.gate.another();
    this.others.push(other);
    return other;
  }

  /** The image of the world. Seen after the next publish. @param tufgate what is said beside its hashes */
  approve(target = TARGET, role?: string, tufgate?: Plain): TufRepository {
    const { digest, size } = this.gate.image;
    const custom = tufgate === undefined ? {} : { custom: { tufgate } };
    return this.approvals.put(target, { digest, length: size, ...custom }, role);
  }

  /** Takes a digest of the repository back; the image of the world's when not told. Seen after the next publish. */
  withdraw(digest: string = this.gate.image.digest, role?: string, said: Plain = {}): TufRepository {
    const tufgate = { revoked: '2026-11-21T12:00:00Z', ...said };
    return this.approvals.put(`${REPOSITORY}@${digest}`, { digest, length: 1, custom: { tufgate } }, role);
  }

  /** What the background does within this time, without anybody pulling. */
  async runs(ms: number): Promise<void> {
    await this.gate.runs(ms);
  }

  /** The tag 1.0 is another image from the next publish on. @returns its digest */
  move(layer: string, role?: string): string {
    const image = { repository: 'acme/app', tag: '1.0', layers: [Buffer.from(layer)] };
    const { digest, size } = this.gate.registry.addImage(image);
    this.approvals.put(TARGET, { digest, length: size }, role);
    return digest;
  }

  /** Longer than the gate goes without asking its sources, when not told. */
  later(ms = 2 * MINUTE): void {
    this.gate.clock += ms;
  }

  /** @param reference tag or digest */
  pull(reference: string, repository = 'acme/app'): Promise<Answer> {
    return this.gate.get(`/v2/${repository}/manifests/${reference}`);
  }

  /** Status, and the digest that was served or the reason why none was. */
  async outcome(reference: string, repository = 'acme/app'): Promise<readonly [number, unknown]> {
    const { status, headers, reason } = await this.pull(reference, repository);
    return [status, reason ?? headers['docker-content-digest']];
  }

  async alarms(): Promise<readonly (string | undefined)[]> {
    await this.gate.gate.settleWithdrawals();
    await this.gate.gate.flushDecisions();
    const alarms = await this.gate.gate.state.decisions({ event: 'alarm', limit: 100 });
    return alarms.map(({ reason }) => reason);
  }

  async close(): Promise<void> {
    for (const other of this.others) await other.close();
    await this.gate.close();
    await this.server.close();
  }
}
