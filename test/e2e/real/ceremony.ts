import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { pushImage } from './image.ts';
import { Registry } from './registry.ts';
import { type Finished, run } from './run.ts';
import { MAIN, Tufgate } from './tufgate.ts';
import { until } from './until.ts';
import { Workspace } from './workspace.ts';

/** What `--json` prints. */
export type Printed = Readonly<Record<string, unknown>>;

/**
 * Somebody at a machine of his own: a home, a passphrase, a folder to work in. `shared` is what all can reach: a stick, a mail. Nobody has
 * a terminal.
 */
export class Person {
  readonly name: string;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Of the key that he signs with. */
  key = '';
  keyId = '';

  constructor(space: Workspace, name: string, extra: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.folder = space.folder('people', name);
    if (!existsSync(this.at('shared'))) symlinkSync(space.folder('shared'), this.at('shared'));
    const own = { HOME: this.folder, XDG_STATE_HOME: this.at('state'), TUFGATE_PASSPHRASE: `passphrase of ${name}` };
    this.env = { ...space.env(), ...own, ...extra };
  }

  at(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** The same person, with more in the environment. */
  with(extra: Readonly<Record<string, string>>): Person {
    const same = Object.create(this) as Person;
    return Object.assign(same, { env: { ...this.env, ...extra } });
  }

  run(...args: string[]): Promise<Finished> {
    return this.given('', ...args);
  }

  given(input: string, ...args: string[]): Promise<Finished> {
    return run(process.execPath, [MAIN, ...args], { cwd: this.folder, env: this.env, input });
  }

  /** Stdout is one JSON document and nothing else. */
  async prints(...args: string[]): Promise<Printed> {
    return await this.printsGiven('', ...args);
  }

  async printsGiven(input: string, ...args: string[]): Promise<Printed> {
    const { code, stdout, output } = await this.given(input, ...args, '--json');
    if (code === 0) return JSON.parse(stdout) as Printed;
    throw new Error(`${this.name}: tufgate ${args.join(' ')} ended with ${code}:\n${output}`);
  }

  /** The exit code and what the document says of the error. */
  async refused(...args: string[]): Promise<{ readonly code: number; readonly error: string; readonly why: string }> {
    const { code, stdout } = await this.run(...args, '--json');
    const { error } = JSON.parse(stdout) as { error?: { code: string; message: string } };
    return { code, error: error?.code ?? '', why: error?.message ?? '' };
  }

  /** A key file of his own; its public half goes to the others. */
  async makesKey(...flags: string[]): Promise<void> {
    this.key = this.at('keys', `${this.name}.pem`);
    mkdirSync(this.at('keys'), { recursive: true, mode: 0o700 });
    const { keyId } = await this.prints('approvals', 'keys', 'create', this.key, ...flags);
    this.keyId = String(keyId);
    cpSync(`${this.key}.pub`, this.at('shared', `${this.name}.pub`));
  }

  /** A key that another program holds. */
  async holds(reference: string): Promise<void> {
    this.key = reference;
    const { keyId, pem } = await this.prints('approvals', 'keys', 'show', reference);
    this.keyId = String(keyId);
    writeFileSync(this.at('shared', `${this.name}.pub`), String(pem));
  }

  sign(file: string, ...flags: string[]): Promise<Printed> {
    return this.prints('approvals', 'sign', file, '--key', this.key, '--yes', ...flags);
  }
}

/** A registry, a gate that keeps a repository of approvals, and people who sign for it. */
export class Ceremony {
  readonly space = new Workspace();
  registry!: Registry;
  gate!: Tufgate;
  /** Who has the gate: no key but the online one. */
  keeper!: Person;
  people: readonly Person[] = [];

  static async open(extra: Readonly<Record<string, string>> = {}): Promise<Ceremony> {
    const the = new Ceremony();
    the.registry = await Registry.start(the.space);
    the.gate = await Tufgate.place(the.space, {
      upstreams: { 'reg.example': { url: the.registry.url } },
      default_upstream: 'reg.example',
      trust: {
        approvals: {
          type: 'tuf',
          url: 'file:data/approvals/',
          root: 'data/approvals/root.json',
          publish: { keys: 'data/keys' },
        },
      },
      policy: [{ match: '**', require: ['approvals'] }],
      freshness: { check_every: '1s' },
      log: { level: 'info', format: 'json' },
    });
    the.keeper = new Person(the.space, 'keeper', { TUFGATE_CONFIG: the.gate.configFile, ...extra });
    return the;
  }

  /** Waits until the gate gives this status for a manifest. */
  async answers(status: number, name: string): Promise<void> {
    const [repository = '', reference = ''] = name.split(/[:@](.*)/s);
    const url = `${this.gate.url}/v2/${repository}/manifests/${reference}`;
    const asked = async (): Promise<boolean> => {
      const answer = await request(url);
      await answer.body.dump();
      return answer.statusCode === status;
    };
    await until(`${status} for ${name}`, asked, 15_000);
  }

  /** @returns its digest */
  async push(repository: string, tag: string, content = `${repository} ${tag}`): Promise<string> {
    const layer = await this.registry.pushBlob(repository, Buffer.from(content));
    return (await pushImage(this.registry, { repository, reference: tag }, layer)).digest;
  }

  /** The names of the files that are published, and how often there was a publication. */
  published(): readonly string[] {
    try {
      return readdirSync(join(this.gate.data, 'approvals')).sort();
    } catch {
      return [];
    }
  }

  shared(name: string): string {
    return this.space.at('shared', name);
  }

  /** A proposal, changed on its way. */
  tamper(from: string, to: string, change: (text: string) => string): void {
    writeFileSync(this.shared(to), change(readFileSync(this.shared(from), 'utf8')));
  }

  async close(): Promise<void> {
    await this.space.close();
  }
}
