import type { BigIntStats } from 'node:fs';

/**
 * What the disk tells of a file. Nobody but the kernel sets ctime, so whoever changes a blob in place, or puts another file where it
 * was, changes its stamp; bits that rot below the file system do not, which is what the scrubber is for.
 */
export interface Stamp {
  /** Bytes to read, as `du --apparent-size` has it. */
  readonly size: number;
  /** Bytes of disk that it takes, as `du` has it. */
  readonly allocated: number;
  readonly inode: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** The unit of `st_blocks`, whatever blocks the file system has. */
const BLOCK_BYTES = 512;

/** Inode numbers are unsigned, and overlays use the highest bit; SQLite's integers are signed. */
export function stampOf({ size, blocks, ino, mtimeNs, ctimeNs }: BigIntStats): Stamp {
  const allocated = Number(blocks) * BLOCK_BYTES;
  return { size: Number(size), allocated, inode: BigInt.asIntN(64, ino), mtimeNs, ctimeNs };
}

/** What is allocated may still change when a file system gets round to it; it says nothing about the bytes. */
export function sameFile(a: Stamp, b: Stamp): boolean {
  return a.inode === b.inode && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs;
}
