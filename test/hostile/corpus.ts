import type { HostileCase, ValidCase } from './case.ts';
import { notaryHostile, notaryValid } from './notary/all.ts';
import { tufHostile, tufValid } from './tuf/all.ts';

/** Every case there is. */
export const HOSTILE: readonly HostileCase[] = [...notaryHostile, ...tufHostile];
export const VALID: readonly ValidCase[] = [...notaryValid, ...tufValid];
