import type { HostileCase, ValidCase } from '../case.ts';
import { delegated } from './delegated.ts';
import { delegations } from './delegations.ts';
import { json } from './json.ts';
import { keysAndSignatures } from './keys-and-signatures.ts';
import { signers } from './signers.ts';
import { roles } from './roles.ts';
import { pins, rootChain } from './root-chain.ts';
import { snapshots } from './snapshot.ts';
import { state } from './state.ts';
import { targets } from './targets.ts';
import { timestamps } from './timestamp.ts';
import { transport } from './transport.ts';
import { validDelegations } from './valid-delegations.ts';
import { validHashes } from './valid-hashes.ts';
import { validHistory } from './valid-history.ts';
import { validKeys } from './valid-keys.ts';
import { validMetadata } from './valid-metadata.ts';
import { validNames } from './valid-names.ts';
import { validSignatures } from './valid-signatures.ts';
import { whoMaySay } from './who-may-say.ts';

export const tufHostile: readonly HostileCase[] = [
  ...rootChain,
  ...pins,
  ...roles,
  ...keysAndSignatures,
  ...timestamps,
  ...snapshots,
  ...targets,
  ...delegations,
  ...delegated,
  ...whoMaySay,
  ...signers,
  ...json,
  ...transport,
  ...state,
];
export const tufValid: readonly ValidCase[] = [
  ...validHistory,
  ...validMetadata,
  ...validHashes,
  ...validKeys,
  ...validSignatures,
  ...validNames,
  ...validDelegations,
];
