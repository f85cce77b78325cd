import { TufgateError } from '../../errors.ts';
import { type Listed, listedName, listedParts, NONE, unnamed } from './listed.ts';

/**
 * Image names out of what `docker ps`, `docker images`, `crictl ps` and `crictl images` print: names alone, one a line,
 * or their tables with the header line, which says where the name, its tag and its digest stand.
 */
interface Columns {
  readonly name: number;
  readonly tag: number;
  readonly digest: number;
}

export const MAX_LINE = 8_192;

export class ImageTable {
  private columns: Columns | undefined;

  /**
   * @returns undefined for a blank line, a header, or an image that has lost its name
   * @throws usage for a table that shows no images
   */
  read(line: string): Listed | undefined {
    if (line.length > MAX_LINE) return unnamed(line.slice(0, MAX_LINE), 'the line is too long for an image name');
    const text = line.trim();
    if (text === '') return undefined;
    const fields = text.split(/\s{2,}|\t/);
    if (isHeader(fields)) {
      this.columns = columnsOf(fields);
      return undefined;
    }
    return this.columns === undefined ? listedName(text) : inTable(fields, this.columns);
  }
}

/** Image names are written in lower case; one word alone is a header where it is one that is known. */
function isHeader(fields: readonly string[]): boolean {
  if (!fields.every((field) => /^[A-Z][A-Z /]*$/.test(field))) return false;
  return fields.length > 1 || nameColumn(fields) >= 0;
}

function columnsOf(fields: readonly string[]): Columns {
  const name = nameColumn(fields);
  if (name < 0) throw noImages(fields);
  return { name, tag: fields.indexOf('TAG'), digest: fields.indexOf('DIGEST') };
}

function nameColumn(fields: readonly string[]): number {
  return fields.findIndex((field) => field === 'IMAGE' || field === 'REPOSITORY');
}

/** kubectl's tables leave images out, `-o wide` too: read as names, each pod would be taken for an image. */
function noImages(fields: readonly string[]): TufgateError {
  const hint = fields.includes('READY') ? 'kubectl get pods -A -o json' : 'docker ps, crictl ps -o json';
  const message = `this table has no column of images (${fields.join(', ').slice(0, 200)}): pipe in ${hint}`;
  return new TufgateError('usage', message);
}

function inTable(fields: readonly string[], { name, tag, digest }: Columns): Listed | undefined {
  const named = fields[name] ?? '';
  if (tag < 0) return listedName(named);
  return listedParts(named, fields[tag] ?? NONE, digest < 0 ? NONE : (fields[digest] ?? NONE));
}
