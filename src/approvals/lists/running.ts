import { TufgateError } from '../../errors.ts';
import { type Json, JsonError, readJson } from '../../json/read.ts';
import { listedIn } from './image-objects.ts';
import { ImageTable } from './image-table.ts';
import { type Listed, unnamed } from './listed.ts';

/** A cluster of some thousand pods, as kubectl prints it. */
const LIMITS = { depth: 64, values: 8_000_000, integersOnly: false };
const utf8 = new TextEncoder();

/**
 * What `docker ps|images`, `crictl ps|images` and `kubectl get pods -o json` print: names alone, tables, one JSON document,
 * or one a line.
 * @throws usage for JSON that cannot be read at all, and for a table without images
 */
export function listedImages(text: string): readonly Listed[] {
  // `[::1]:5000/app` is a name.
  if (/^\s*(?:\{|\[\s*[{\]])/.test(text)) return inJson(text);
  const table = new ImageTable();
  return text.split('\n').flatMap((line) => table.read(line) ?? []);
}

function inJson(text: string): readonly Listed[] {
  try {
    return listedIn(parsed(text));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return byLine(text, error);
  }
}

/** `docker ps --format json` writes an object a line. A line that cannot be read is said; when none can, it is no list. */
function byLine(text: string, whole: JsonError): readonly Listed[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  let read = 0;
  const found = lines.flatMap((line): readonly Listed[] => {
    try {
      const value = parsed(line);
      read++;
      return listedIn(value);
    } catch (error) {
      if (!(error instanceof JsonError)) throw error;
      return [unnamed(line.slice(0, 120), `the line is not JSON that can be read: ${error.message}`)];
    }
  });
  if (read > 0) return found;
  throw new TufgateError('usage', `what was piped in begins like JSON, and cannot be read: ${whole.message}`);
}

function parsed(text: string): Json {
  return readJson(utf8.encode(text), LIMITS);
}
