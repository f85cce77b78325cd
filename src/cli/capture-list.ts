import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { messageOf, TufgateError } from '../errors.ts';
import { isGun } from '../lifeboat/collection-folder.ts';
import { parseImageName } from '../oci/reference.ts';
import { gunOf } from '../trust/collection-name.ts';
import type { Input } from './context.ts';
import { ImageTable } from '../approvals/lists/image-table.ts';
import { linesOf } from './lines.ts';

/** A collection that was named, or a text that names none. */
export type ListedGun =
  | { readonly kind: 'gun'; readonly gun: string }
  | { readonly kind: 'unreadable'; readonly text: string; readonly error: TufgateError };

const MAX_GUNS = 100_000;
const SHOWN = 120;

/** Names of images or collections, each once, in the order they came; a tag or digest is no part of a collection. */
export class GunList {
  private readonly template: string;
  private readonly found = new Map<string, ListedGun>();

  /** @param template what the server calls an image */
  constructor(template: string) {
    this.template = template;
  }

  all(): readonly ListedGun[] {
    return [...this.found.values()];
  }

  add(text: string): void {
    const listed = this.read(text);
    const key = listed.kind === 'gun' ? listed.gun : `\n${text}`;
    if (this.found.size >= MAX_GUNS && !this.found.has(key))
      throw new TufgateError('usage', `more than ${MAX_GUNS} collections: split the list`);
    this.found.set(key, listed);
  }

  /** @param file a path, or `-` for stdin; one name a line, `#` begins a comment. What `docker images` prints does too. */
  async addFrom(file: string, stdin: Input): Promise<void> {
    const list = new ImageTable();
    for await (const line of linesOf(file === '-' ? stdin : await opened(file))) {
      const listed = list.read(line.replace(/(?:^|\s)#.*/, ''));
      if (listed?.kind === 'name') this.add(listed.text);
      if (listed?.kind === 'unnamed') this.unreadable(listed.text, listed.why);
    }
  }

  private read(text: string): ListedGun {
    try {
      const gun = gunOf({ gun: this.template }, parseImageName(text));
      if (!isGun(gun)) throw new TufgateError('request.name', `${gun} is no name of a collection`);
      return { kind: 'gun', gun };
    } catch (cause) {
      return unreadable(text, messageOf(cause), cause);
    }
  }

  private unreadable(text: string, why: string): void {
    this.found.set(`\n${text}`, unreadable(text, why));
  }
}

async function opened(file: string): Promise<AsyncIterable<Uint8Array>> {
  try {
    if (!(await stat(file)).isFile()) throw new Error('not a file');
    return createReadStream(file);
  } catch (cause) {
    throw new TufgateError('usage', `cannot read the list ${file}: ${messageOf(cause)}`, { cause });
  }
}

function unreadable(text: string, why: string, cause?: unknown): ListedGun {
  const error = cause instanceof TufgateError ? cause : new TufgateError('request.name', why, { cause });
  return { kind: 'unreadable', text: text.slice(0, SHOWN), error };
}
