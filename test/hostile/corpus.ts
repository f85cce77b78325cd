import type { HostileCase, ValidCase } from './case.ts';
import { certificates } from './notary/certificates.ts';
import { delegations } from './notary/delegations.ts';
import { pins } from './notary/pins.ts';
import { state } from './notary/state.ts';
import { transport } from './notary/transport.ts';
import { targets } from './notary/targets.ts';
import { whoMaySay } from './notary/who-may-say.ts';
import { keysAndSignatures } from './notary/keys-and-signatures.ts';
import { roles } from './notary/roles.ts';
import { json } from './notary/json.ts';
import { snapshots } from './notary/snapshot.ts';
import { rootChain } from './notary/root-chain.ts';
import { timestamps } from './notary/timestamp.ts';

/** Every case there is; those of TUF 1.0 join here. */
export const HOSTILE: readonly HostileCase[] = [
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
export const VALID: readonly ValidCase[] = [];
