import type { HostileCase, ValidCase } from '../case.ts';
import { certificates } from './certificates.ts';
import { delegations } from './delegations.ts';
import { json } from './json.ts';
import { keysAndSignatures } from './keys-and-signatures.ts';
import { pins } from './pins.ts';
import { roles } from './roles.ts';
import { rootChain } from './root-chain.ts';
import { snapshots } from './snapshot.ts';
import { state } from './state.ts';
import { targets } from './targets.ts';
import { timestamps } from './timestamp.ts';
import { transport } from './transport.ts';
import { whoMaySay } from './who-may-say.ts';
import { validDelegations } from './valid-delegations.ts';
import { validHistory } from './valid-history.ts';
import { validJson } from './valid-json.ts';
import { validKeys } from './valid-keys.ts';
import { validPins } from './valid-pins.ts';

export const notaryHostile: readonly HostileCase[] = [
  ...rootChain,
  ...roles,
  ...certificates,
  ...keysAndSignatures,
  ...timestamps,
  ...snapshots,
  ...targets,
  ...delegations,
  ...whoMaySay,
  ...pins,
  ...json,
  ...transport,
  ...state,
];

export const notaryValid: readonly ValidCase[] = [
  ...validKeys,
  ...validPins,
  ...validHistory,
  ...validDelegations,
  ...validJson,
];
