import type { Config, ListenConfig } from '../config/config.ts';
import { messageOf, TufgateError } from '../errors.ts';
import { type ImageName, imageName, parseImageName } from '../oci/reference.ts';
import { registriesOf } from '../server/registries.ts';
import { readTarget } from '../server/target.ts';
import { ImageList } from './image-list.ts';
import { linesOf } from './lines.ts';

/** What `resolve` was asked about: an image, or a text that names none. */
export type Asked =
  | { readonly kind: 'image'; readonly image: ImageName }
  | { readonly kind: 'unreadable'; readonly text: string; readonly error: TufgateError };

const MAX_IMAGES = 10_000;
const SHOWN = 120;

/** Each once, in the order they came. @throws usage when there are too many */
export class AskedImages {
  private readonly config: Config;
  private readonly gates: ReadonlySet<string>;
  private readonly asked = new Map<string, Asked>();

  /** @param gates hosts, beside the addresses of `listen`, by which clients name this gate itself */
  constructor(config: Config, gates: readonly string[]) {
    this.config = config;
    this.gates = new Set([...config.listen.flatMap(ownNames), ...gates]);
  }

  add(text: string): void {
    this.keep(this.read(text));
  }

  async addFrom(input: AsyncIterable<Uint8Array | string>): Promise<void> {
    const list = new ImageList();
    for await (const line of linesOf(input)) {
      const listed = list.read(line);
      if (listed.kind === 'name') this.add(listed.text);
      if (listed.kind === 'unnamed') this.keep(unreadable(listed.text, `${shown(listed.text)}: ${listed.why}`));
    }
  }

  all(): readonly Asked[] {
    return [...this.asked.values()];
  }

  private read(text: string): Asked {
    try {
      return { kind: 'image', image: this.asTheGateReadsIt(parseImageName(text)) };
    } catch (error) {
      return unreadable(text, messageOf(error), error);
    }
  }

  /** `gate:5000/library/nginx:1` is what a daemon shows that pulls by the gate's own name. */
  private asTheGateReadsIt(image: ImageName): ImageName {
    if (!this.gates.has(image.registry) || this.config.upstreams.has(image.registry)) return image;
    const url = `/v2/${image.path}/manifests/${image.digest ?? image.tag ?? 'latest'}`;
    const target = readTarget(url, undefined, registriesOf(this.config));
    return target === undefined || target.kind === 'ping' ? image : { ...image, ...target.repository };
  }

  private keep(asked: Asked): void {
    const key = asked.kind === 'image' ? imageName(asked.image) : `\n${asked.text}`;
    if (this.asked.size >= MAX_IMAGES && !this.asked.has(key)) {
      throw new TufgateError('usage', `more than ${MAX_IMAGES} different images: split the list`);
    }
    this.asked.set(key, asked);
  }
}

/** As a client on this machine would write them. */
function ownNames({ host, port }: ListenConfig): readonly string[] {
  return [host.includes(':') ? `[${host}]` : host, 'localhost', '127.0.0.1'].map((name) => `${name}:${port}`);
}

function unreadable(text: string, why: string, cause?: unknown): Asked {
  const error = cause instanceof TufgateError ? cause : new TufgateError('request.name', why, { cause });
  return { kind: 'unreadable', text: text.slice(0, SHOWN), error };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN));
}
