import { MAX_LINE } from './lines.ts';

/**
 * Image names out of what `docker ps`, `docker images`, `crictl ps` and `crictl images` print: names alone, one a line,
 * or their tables with the header line, which says where the name and its tag stand.
 *
 * What runs and cannot be judged is said, never passed over: an image id names no repository, and neither the person
 * who reads "all in order" nor the script that reads the exit code would know that it was left out.
 */
export type Listed =
  /** Blank, a header, or an image that has lost its name and could not be pulled by any. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'unnamed'; readonly text: string; readonly why: string };

interface Columns {
  readonly name: number;
  readonly tag: number | undefined;
}

const NONE = '<none>';
/** Docker shows 12 digits of an id, crictl 13. */
const ID = /^(?:sha256:)?(?:[0-9a-f]{12,13}|[0-9a-f]{64})$/;

export class ImageList {
  private columns: Columns | undefined;

  read(line: string): Listed {
    const text = line.trim();
    if (text === '') return { kind: 'nothing' };
    if (text.length >= MAX_LINE) return unnamed(text, 'the line is too long for an image name');
    const fields = text.split(/\s{2,}|\t/);
    const header = columnsOf(fields);
    if (header !== undefined) {
      this.columns = header;
      return { kind: 'nothing' };
    }
    return this.columns === undefined ? alone(text) : inTable(fields, this.columns);
  }
}

function columnsOf(fields: readonly string[]): Columns | undefined {
  if (!fields.every((field) => /^[A-Z][A-Z /]*$/.test(field))) return undefined;
  const name = fields.findIndex((field) => field === 'IMAGE' || field === 'REPOSITORY');
  const tag = fields.indexOf('TAG');
  return name < 0 ? undefined : { name, tag: tag < 0 ? undefined : tag };
}

function inTable(fields: readonly string[], { name, tag }: Columns): Listed {
  const named = alone(fields[name] ?? '');
  if (named.kind !== 'name' || tag === undefined) return named;
  const tagged = fields[tag] ?? NONE;
  if (tagged !== NONE) return { kind: 'name', text: `${named.text}:${tagged}` };
  return unnamed(named.text, 'it was pulled by digest, which this list does not have; list it as repository@digest');
}

function alone(text: string): Listed {
  if (text === NONE || text === `${NONE}:${NONE}`) return { kind: 'nothing' };
  if (ID.test(text)) {
    return unnamed(text, 'an image id without a name cannot be judged; list it as repository:tag or repository@digest');
  }
  return { kind: 'name', text };
}

function unnamed(text: string, why: string): Listed {
  return { kind: 'unnamed', text, why };
}
