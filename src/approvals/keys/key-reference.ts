import { TufgateError } from '../../errors.ts';
import { readTokenUri, type TokenKey } from './token-uri.ts';

/** Where the private half of a key is. */
export type KeyReference =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly variable: string }
  | { readonly kind: 'token'; readonly token: TokenKey }
  | { readonly kind: 'program'; readonly program: string; readonly args: readonly string[] };

/** Characters. */
const MAX = 4_096;
const SCHEME = /^([a-z][a-z0-9+.-]*):/i;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * A key reference is one text: a path, `env:VARIABLE`, `pkcs11:…` (RFC 7512) or `program:COMMAND`. Other words before a
 * colon are refused instead of taken for a path: `kms:…` with a typing mistake must not make a file of that name.
 * @throws usage
 */
export function parseKeyReference(text: string): KeyReference {
  if (text === '' || text.length > MAX) throw refused(text, 'it is empty, or longer than 4,096 characters');
  if (text.includes('\0')) throw refused(text, 'it holds NUL');
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme === undefined) return { kind: 'file', path: text };
  const rest = text.slice(scheme.length + 1);
  switch (scheme.toLowerCase()) {
    case 'env':
      return variableOf(text, rest);
    case 'pkcs11':
      return { kind: 'token', token: readTokenUri(text) };
    case 'program':
      return commandOf(text, rest);
    default:
      throw refused(text, 'expected a path, env:VARIABLE, pkcs11:… or program:COMMAND; a file of this name is ./NAME');
  }
}

function variableOf(text: string, variable: string): KeyReference {
  if (!VARIABLE.test(variable)) throw refused(text, 'after env: stands the name of an environment variable');
  return { kind: 'env', variable };
}

/** No shell: words are what stands between white space, and nothing is expanded or quoted. */
function commandOf(text: string, command: string): KeyReference {
  const [program, ...args] = command.split(/[ \t\r\n]+/).filter((word) => word !== '');
  if (program === undefined) throw refused(text, 'after program: stand the path of a program and its arguments');
  return { kind: 'program', program, args };
}

function refused(text: string, why: string): TufgateError {
  return new TufgateError('usage', `${JSON.stringify(text.slice(0, 120))} does not name a key: ${why}`);
}
