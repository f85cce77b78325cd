import type { HostileCase, ValidCase } from './case.ts';
import { notaryHostile, notaryValid } from './notary/all.ts';

/** Every case there is. */
export const HOSTILE: readonly HostileCase[] = notaryHostile;
export const VALID: readonly ValidCase[] = notaryValid;
