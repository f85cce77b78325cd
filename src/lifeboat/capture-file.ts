import { JsonError, type Json } from '../json/read.ts';
import { instantText } from '../text/instant-text.ts';
import { parseInstant } from '../trust/tuf/format/instant.ts';
import { isDelegationName } from '../trust/tuf/role-name.ts';
import { isGun } from './collection-folder.ts';
import { damaged } from './damaged.ts';
import { Fields, fieldsOf } from './json-fields.ts';
import { MAX_COLLECTION_BYTES, MAX_WORDS } from './limits.ts';

/** `capture.json`: what was captured, when, from where, and what it was verified under (`docs/archive.md`). */
export interface Capture {
  readonly gun: string;
  readonly url: string;
  /** T0 of the verification, epoch milliseconds, whole seconds. */
  readonly capturedAt: number;
  readonly anchor: CaptureAnchor;
  /** `expired`: it could not be verified as of the capture, because something had ended before. It is never believed. */
  readonly state: 'verified' | 'expired';
  /** Why it is not verified; empty when it is. */
  readonly why: string;
  /** The root files from this version to the newest are all there, and each is vouched for by the one before. */
  readonly rootsFrom: number;
  readonly files: readonly ArchivedFile[];
  /** Listed, but the server did not have them. */
  readonly missing: readonly Missing[];
  /** Roles whose files are there, and that nothing may rest on. */
  readonly unverified: readonly Unverified[];
}

export interface CaptureAnchor {
  /** `pin`: the configuration of who captured it covered the collection. `first-use`: nobody had said who may sign it. */
  readonly kind: 'pin' | 'first-use';
  /** The pin as the configuration has it; empty on first use. */
  readonly words: string;
  /** Ids of the keys that signed the newest root; none when it is expired. */
  readonly rootKeys: readonly string[];
}

export interface ArchivedFile {
  /** As Notary names it, which is also its path below the folder. */
  readonly name: string;
  readonly role: string;
  /** 0 for a file that could not be read. */
  readonly version: number;
  readonly length: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export interface Missing {
  readonly name: string;
  readonly why: string;
}

export interface Unverified {
  readonly role: string;
  /** As in `src/errors.ts`. */
  readonly code: string;
  readonly why: string;
}

export const CAPTURE = 'capture.json';
const FORMAT = 1;
const MAX_FILES = 4_096;
const HEX = /^[0-9a-f]{64}$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

export function writeCapture(capture: Capture): Uint8Array {
  const document = {
    format: FORMAT,
    gun: capture.gun,
    url: capture.url,
    capturedAt: instantText(capture.capturedAt),
    anchor: { ...capture.anchor, words: words(capture.anchor.words) },
    state: capture.state,
    why: words(capture.why),
    rootsFrom: capture.rootsFrom,
    files: capture.files,
    missing: capture.missing.map(({ name, why }) => ({ name: words(name), why: words(why) })),
    unverified: capture.unverified.map(({ role, code, why }) => ({ role, code, why: words(why) })),
  };
  return Buffer.from(`${JSON.stringify(document, null, 1)}\n`);
}

/** @throws archive.damaged */
export function parseCapture(bytes: Uint8Array): Capture {
  try {
    return read(fieldsOf(CAPTURE, bytes));
  } catch (cause) {
    if (cause instanceof JsonError) throw damaged(`${CAPTURE} (${cause.message})`, cause);
    throw cause;
  }
}

/**
 * Names are what the role, the version and the hash make of them, and nothing else: a name that says `..` is no name.
 * `root.json` and `N.root.json` of one version are the same file, under both its names.
 */
export function nameFits({ name, role, version, sha256 }: ArchivedFile): boolean {
  if (role === 'root') return name === 'root.json' || (version > 0 && name === `${version}.root.json`);
  if (role === 'timestamp') return name === 'timestamp.json';
  return isRole(role) && name === `${role}.${sha256}.json`;
}

function isRole(role: string): boolean {
  return role === 'snapshot' || role === 'targets' || isDelegationName(role);
}

function read(fields: Fields): Capture {
  if (fields.integer('format', 1) !== FORMAT) throw new JsonError('it was written by a newer tufgate');
  const files = fields.list('files', MAX_FILES, fileOf);
  const total = files.reduce((sum, { length }) => sum + length, 0);
  if (new Set(files.map(({ name }) => name)).size < files.length || total > MAX_COLLECTION_BYTES)
    throw fields.wrong('files');
  return {
    gun: gunOf(fields),
    url: fields.text('url'),
    capturedAt: instantOf(fields),
    anchor: anchorOf(fields.get('anchor')),
    state: fields.oneOf('state', ['verified', 'expired']),
    why: fields.text('why'),
    rootsFrom: fields.integer('rootsFrom', 0),
    files,
    missing: fields.list('missing', MAX_FILES, missingOf),
    unverified: fields.list('unverified', MAX_FILES, unverifiedOf),
  };
}

function gunOf(fields: Fields): string {
  const gun = fields.text('gun');
  if (!isGun(gun)) throw fields.wrong('gun');
  return gun;
}

function instantOf(fields: Fields): number {
  const instant = parseInstant(fields.text('capturedAt', INSTANT));
  if (instant === undefined) throw fields.wrong('capturedAt');
  return instant;
}

function anchorOf(value: Json | undefined): CaptureAnchor {
  const fields = new Fields('anchor', value);
  const rootKeys = fields.list('rootKeys', 64, (key, what) => {
    if (typeof key !== 'string' || !HEX.test(key)) throw new JsonError(`${what} is not a key id`);
    return key;
  });
  return { kind: fields.oneOf('kind', ['pin', 'first-use']), words: fields.text('words'), rootKeys };
}

function fileOf(value: Json, what: string): ArchivedFile {
  const fields = new Fields(what, value);
  const file = {
    name: fields.text('name'),
    role: fields.text('role'),
    version: fields.integer('version', 0),
    length: fields.integer('length', 0),
    sha256: fields.text('sha256', HEX),
  };
  if (!nameFits(file)) throw fields.wrong('name');
  return file;
}

function missingOf(value: Json, what: string): Missing {
  const fields = new Fields(what, value);
  return { name: fields.text('name'), why: fields.text('why') };
}

function unverifiedOf(value: Json, what: string): Unverified {
  const fields = new Fields(what, value);
  return { role: fields.text('role'), code: fields.text('code'), why: fields.text('why') };
}

/** What peers said may stand in a reason: bounded, and Unicode that our own reader takes. */
function words(text: string): string {
  return text.slice(0, MAX_WORDS).toWellFormed();
}
