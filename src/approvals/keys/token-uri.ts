import { TufgateError } from '../../errors.ts';

/** A key in a PKCS#11 token, as far as pkcs11-tool can be told of it. */
export interface TokenKey {
  /** Label of the token. */
  readonly token: string;
  /** Label of the key; it or the id is there. */
  readonly object?: string;
  /** CKA_ID, lower-case hex. */
  readonly id?: string;
  /** Absolute path of the token's library; absent: OpenSC's own, for cards. */
  readonly modulePath?: string;
  /** Absent: the PIN is asked on a terminal. */
  readonly pin?: PinSource;
}

export type PinSource =
  { readonly kind: 'file'; readonly path: string } | { readonly kind: 'env'; readonly variable: string };

const ATTRIBUTE = /^([a-z-]+)=([A-Za-z0-9\-._~:[\]@!$'()*+,=&/?|%]*)$/;
const PATH = ['token', 'object', 'id', 'type'];
const QUERY = ['module-path', 'pin-source'];
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * `pkcs11:token=…;object=…;id=%01?module-path=…&pin-source=…` (RFC 7512 2.3).
 *
 * An attribute that cannot be passed on is refused, not ignored (RFC 7512 2.3 wants a URI that is not understood to match
 * nothing): with `serial=` passed over, another token of the same label would be used. `pin-value` is refused because
 * command lines and configurations are seen by others.
 * @throws usage
 */
export function readTokenUri(uri: string): TokenKey {
  const [path = '', query = '', ...more] = uri.slice('pkcs11:'.length).split('?');
  if (more.length > 0) throw refused('it has more than one "?"');
  const named = attributes(path, ';', PATH);
  const asked = attributes(query, '&', QUERY);
  const [token, object, id] = [text(named, 'token'), text(named, 'object'), hex(named, 'id')];
  if (token === undefined) throw refused('it has no token=, the label of the token');
  if (object === undefined && id === undefined) throw refused('it names no key: add object= (its label) or id=');
  const type = text(named, 'type') ?? 'private';
  if (type !== 'private' && type !== 'public') throw refused('its type= is not private');
  return {
    token,
    ...(object === undefined ? {} : { object }),
    ...(id === undefined ? {} : { id }),
    ...moduleOf(text(asked, 'module-path')),
    ...pinOf(text(asked, 'pin-source')),
  };
}

function attributes(part: string, separator: string, known: readonly string[]): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const piece of part === '' ? [] : part.split(separator)) {
    const [, name = '', value = ''] = ATTRIBUTE.exec(piece) ?? [];
    if (name === 'pin-value')
      throw refused(
        'pin-value= would show the PIN to every user of this machine: use pin-source=file:PATH or env:NAME',
      );
    if (!known.includes(name)) throw refused(`${shown(piece)} is not one of ${known.join(', ')}: leave it out`);
    if (found.has(name)) throw refused(`${name}= stands twice`);
    found.set(name, decoded(name, value));
  }
  return found;
}

/** Percent-decoding to bytes: an id is bytes and need not be UTF-8. */
function decoded(name: string, value: string): Uint8Array {
  if (/%(?![0-9A-Fa-f]{2})/.test(value)) throw refused(`${name}= has a "%" without two hex digits`);
  const latin = value.replace(/%(..)/g, (_, pair: string) => String.fromCharCode(Number.parseInt(pair, 16)));
  return Buffer.from(latin, 'latin1');
}

function text(found: ReadonlyMap<string, Uint8Array>, name: string): string | undefined {
  const bytes = found.get(name);
  if (bytes === undefined) return undefined;
  if (bytes.length === 0 || bytes.includes(0)) throw refused(`${name}= is empty, or holds NUL`);
  try {
    return utf8.decode(bytes);
  } catch {
    throw refused(`${name}= is not UTF-8`);
  }
}

function hex(found: ReadonlyMap<string, Uint8Array>, name: string): string | undefined {
  const bytes = found.get(name);
  if (bytes?.length === 0) throw refused(`${name}= is empty`);
  return bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');
}

/** A bare name would be looked for wherever the loader looks: the library gets the PIN, so it is named whole. */
function moduleOf(path: string | undefined): { readonly modulePath?: string } {
  if (path === undefined) return {};
  if (!path.startsWith('/')) throw refused('module-path= is not an absolute path');
  return { modulePath: path };
}

/** RFC 7512 2.4 also has `|program`, which would run a shell. */
function pinOf(source: string | undefined): { readonly pin?: PinSource } {
  if (source === undefined) return {};
  const [, path] = /^file:(?:\/\/(?=\/))?(.+)$/s.exec(source) ?? [];
  if (path !== undefined) return { pin: { kind: 'file', path } };
  const [, variable] = /^env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(source) ?? [];
  if (variable === undefined) throw refused('pin-source= is neither file:PATH nor env:NAME');
  return { pin: { kind: 'env', variable } };
}

function shown(piece: string): string {
  // Never a value: it may be a PIN with a typing mistake before it.
  return JSON.stringify(`${piece.split('=')[0]?.slice(0, 40) ?? ''}=`);
}

function refused(why: string): TufgateError {
  return new TufgateError('usage', `the pkcs11: URI does not name a key: ${why}`);
}
