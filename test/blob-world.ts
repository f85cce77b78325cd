import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { TufgateError } from '../src/errors.ts';
import { type Digest, parseDigest } from '../src/oci/digest.ts';
import type { UpstreamBlob } from '../src/upstream/registry.ts';
import { bodyOf } from './readable-body.ts';

/** What stories of single blobs need: an upstream and clients that are driven by hand. */
export const digestOf = (bytes: Uint8Array): Digest =>
  parseDigest(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
export const full = () => Promise.reject(new TufgateError('cache.failed', 'disk full'));
export const sizes = { tailBytes: 10, spoolBytes: 8, readBytes: 8, smallBytes: 0, heldBytes: 0, allHeldBytes: 1000 };
/** 100 bytes: `00 01 02 …`, each two characters naming its place. */
export const blob = Buffer.from(Array.from({ length: 50 }, (_, i) => String(i).padStart(2, '0')).join(''));
export const text = blob.toString();

export function pieces(bytes: Buffer, length: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / length) }, (_, i) =>
    bytes.subarray(i * length, (i + 1) * length),
  );
}

/** Lets everything run that can run without new input. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i += 1) await new Promise(setImmediate);
}

/** One connection of the upstream, driven by hand. */
export class Wire {
  readonly offset: number;
  readonly body = new Readable({ read: () => undefined });

  constructor(offset: number) {
    this.offset = offset;
  }

  async send(bytes: Uint8Array): Promise<this> {
    this.body.push(bytes);
    await settle();
    return this;
  }

  async end(): Promise<void> {
    this.body.push(null);
    await settle();
  }

  async cut(): Promise<void> {
    this.body.destroy(new Error('ECONNRESET'));
    await settle();
  }
}

export class Upstream {
  readonly wires: Wire[] = [];
  refuse: ((offset: number) => Error | undefined) | undefined;

  readonly fetch = (offset: number): Promise<UpstreamBlob> => {
    const refused = this.refuse?.(offset);
    if (refused !== undefined) return Promise.reject(refused);
    const wire = new Wire(offset);
    this.wires.push(wire);
    return Promise.resolve({ body: bodyOf(wire.body) });
  };

  get wire(): Wire {
    return this.wires.at(-1)!;
  }

  get offsets(): number[] {
    return this.wires.map(({ offset }) => offset);
  }
}

/** A client that takes all, or, when slow, one write each time it is told to. */
export class Client extends Writable {
  got = '';
  slow = false;
  readonly #gate = new EventEmitter();

  override _write(chunk: Buffer, _: string, done: (error?: Error | null) => void): void {
    const take = (): void => {
      this.got += chunk.toString();
      done();
    };
    if (this.slow) this.#gate.once('take', take);
    else take();
  }

  async take(): Promise<void> {
    this.#gate.emit('take');
    await settle();
  }
}
