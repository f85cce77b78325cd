import { createHash } from 'node:crypto';
import { MAX_GUN } from './limits.ts';

/**
 * Where a collection lies in the archive. A GUN comes from outside, and Notary's own client let one lead out of its folder
 * (Cure53 TUF-01-004): only its hash decides, what stands before the hash is for the eye. So names that differ in their
 * capitals alone lie apart on every file system, and no name is too long for one.
 */
export interface CollectionFolder {
  /** All captures of one collection share it. */
  readonly base: string;
  /** 1 for the first; a later one lies next to those before it, which approvals may cite. */
  readonly generation: number;
}

const FOLDER = /^([a-z0-9][a-z0-9._-]{0,63}-[0-9a-f]{32})(?:\.([2-9]|[1-9][0-9]{1,5}))?$/;
const GUN = /^[A-Za-z0-9._:[\]-]+(?:\/[A-Za-z0-9._:[\]-]+)*$/;

export function baseOf(gun: string): string {
  const readable = gun.toLowerCase().replace(/[^a-z0-9.-]+/g, '_');
  const start = readable.replace(/^[^a-z0-9]+/, '').slice(0, 64) || 'collection';
  return `${start}-${createHash('sha256').update(gun).digest('hex').slice(0, 32)}`;
}

export function folderName({ base, generation }: CollectionFolder): string {
  return generation === 1 ? base : `${base}.${generation}`;
}

/** Undefined for whatever else lies in the archive. */
export function readFolderName(name: string): CollectionFolder | undefined {
  const [, base, generation] = FOLDER.exec(name) ?? [];
  return base === undefined ? undefined : { base, generation: Number(generation ?? 1) };
}

/** A name of a collection as image names and pins have it; `.` and `..` are no segments of one. */
export function isGun(text: string): boolean {
  return text.length <= MAX_GUN && GUN.test(text) && !text.split('/').some((segment) => /^\.+$/.test(segment));
}
