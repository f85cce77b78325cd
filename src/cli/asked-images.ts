import { listedImages } from '../approvals/lists/running.ts';
import type { Config } from '../config/config.ts';
import { messageOf, TufgateError } from '../errors.ts';
import { type ImageName, imageName, parseImageName } from '../oci/reference.ts';
import type { Input } from './context.ts';
import { gateNames } from './gate-names.ts';
import { wholeText } from './whole-text.ts';

/** What `resolve` was asked about: an image, or a text that names none. */
export type Asked =
  | { readonly kind: 'image'; readonly image: ImageName }
  | { readonly kind: 'unreadable'; readonly text: string; readonly error: TufgateError };

const MAX_IMAGES = 10_000;
const SHOWN = 120;

/** Each once, in the order they came. @throws usage when there are too many */
export class AskedImages {
  private readonly asTheGateReadsIt: (image: ImageName) => ImageName;
  private readonly asked = new Map<string, Asked>();

  /** @param gates hosts, beside the addresses of `listen`, by which clients name this gate itself */
  constructor(config: Config, gates: readonly string[]) {
    this.asTheGateReadsIt = gateNames(config, gates);
  }

  add(text: string): void {
    this.keep(this.read(text));
  }

  async addFrom(input: Input): Promise<void> {
    for (const listed of listedImages(await wholeText(input))) {
      if (listed.kind === 'name') this.add(listed.text);
      else this.keep(unreadable(listed.text, `${shown(listed.text)}: ${listed.why}`));
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

  private keep(asked: Asked): void {
    const key = asked.kind === 'image' ? imageName(asked.image) : `\n${asked.text}`;
    if (this.asked.size >= MAX_IMAGES && !this.asked.has(key)) {
      throw new TufgateError('usage', `more than ${MAX_IMAGES} different images: split the list`);
    }
    this.asked.set(key, asked);
  }
}

function unreadable(text: string, why: string, cause?: unknown): Asked {
  const error = cause instanceof TufgateError ? cause : new TufgateError('request.name', why, { cause });
  return { kind: 'unreadable', text: text.slice(0, SHOWN), error };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN));
}
