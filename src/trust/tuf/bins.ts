import { sha256Hex } from './hex.ts';
import type { Bins } from './model.ts';

/**
 * TUF 1.0's succinct roles (TAP 15): the first `bits` bits of the sha256 of a target's name are the number of its one
 * bin, written in lower-case hex with leading zeros. The hash is over the name exactly as it is written, in UTF-8.
 */
export function binFor(bins: Pick<Bins, 'prefix' | 'bits'>, targetName: string): string {
  const top = Number.parseInt(sha256Hex(new TextEncoder().encode(targetName)).slice(0, 8), 16);
  return binName(bins, top >>> (32 - bins.bits));
}

/** @param index from 0 */
export function binName(bins: Pick<Bins, 'prefix' | 'bits'>, index: number): string {
  return `${bins.prefix}-${index.toString(16).padStart(widthOf(bins), '0')}`;
}

/** One role has one name: no other number of zeros, no upper case, no number beyond the last bin. */
export function isBinOf(bins: Bins, role: string): boolean {
  const number = role.slice(bins.prefix.length + 1);
  if (role !== `${bins.prefix}-${number}` || number.length !== widthOf(bins) || !/^[0-9a-f]+$/.test(number))
    return false;
  return Number.parseInt(number, 16) < 2 ** bins.bits;
}

function widthOf(bins: Pick<Bins, 'bits'>): number {
  return Math.ceil(bins.bits / 4);
}
