import type { HostileCase, ValidCase } from './case.ts';
import { json } from './notary/json.ts';
import { snapshots } from './notary/snapshot.ts';
import { rootChain } from './notary/root-chain.ts';
import { timestamps } from './notary/timestamp.ts';

/** Every case there is; those of TUF 1.0 join here. */
export const HOSTILE: readonly HostileCase[] = [...rootChain, ...timestamps, ...snapshots, ...json];
export const VALID: readonly ValidCase[] = [];
