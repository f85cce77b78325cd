import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Fetched {
  /** Epoch milliseconds, with fractions. */
  readonly begunAt: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly bytes: number;
}

export interface Wanted {
  readonly url: string;
  readonly connections?: number;
  /** Leave after so many bytes. */
  readonly stopAfter?: number;
  readonly range?: string;
}

/** `blob-client.js`, spoken to. */
export class BlobClient {
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  static async start(): Promise<BlobClient> {
    const child = fork(fileURLToPath(new URL('blob-client.js', import.meta.url)), { execArgv: [] });
    await once(child, 'message');
    return new BlobClient(child);
  }

  async get(wanted: Wanted): Promise<Fetched> {
    return (await this.ask(wanted)) as Fetched;
  }

  /** Bytes a second of sha256 on one core. */
  async hashRate(bytes: number): Promise<number> {
    return ((await this.ask({ hash: bytes })) as { rate: number }).rate;
  }

  close(): void {
    this.child.send('close');
  }

  private async ask(question: object): Promise<unknown> {
    this.child.send(question);
    const [answer] = (await once(this.child, 'message')) as [object];
    if ('error' in answer) throw new Error(`the client: ${String(answer.error)}`);
    return answer;
  }
}
