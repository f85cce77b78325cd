/**
 * The trust core's door: the trusted state of one collection is an immutable value, and these are all the ways to make
 * a new one from it. Bytes and an instant in, a new state or a coded error out; no I/O, no clock, no randomness.
 *
 * The order of one update, which the functions enforce:
 * `restore` or `startChain` → `acceptRoot`* → `finishRoots` → `acceptTimestamp` → `acceptSnapshot` →
 * (`rolesToLoad` → `acceptTargets`*)* → `completeView`. A function that throws has changed nothing; what was accepted
 * before it stays accepted. `lookup` (Notary) and `findTarget` (TUF 1.0; `acceptDelegated` as it asks) then answer from
 * the view, for as long as nothing that it rests on has expired.
 */
export { type Found, type Signers } from './agreement.ts';
export { acceptDelegated, carryOver, lightened, withRole } from './delegated.ts';
export { type Ending, endingsIn } from './ending.ts';
export { Inquiry } from './inquiry.ts';
export { lookup, type Want } from './lookup.ts';
export { restore, type Stored } from './restore.ts';
export { allEnded, type Difference, difference, endedBelow, endedBy, naming } from './said.ts';
export { saidBefore } from './said-before.ts';
export { acceptRoot, finishRoots, startChain } from './root-chain.ts';
export type { Targets } from './model.ts';
export { newSigners } from './new-signers.ts';
export { nextEnd } from './next-end.ts';
export { endsByPeople } from './people.ts';
export { type Revoked, whyWithdrawn } from './revoked.ts';
export { type Edge } from './search.ts';
export { findStanding, isAfter, type Standing, type Versions } from './standing.ts';
export { isEnded } from './statement.ts';
export { findTarget } from './target.ts';
export {
  type Accepted,
  type Anchor,
  type AnchorKind,
  newestRoot,
  type Progress,
  type TrustContext,
  type Trusted,
  type TrustFile,
  type Unusable,
  isWanted,
  type Wanted,
} from './trusted.ts';
export { acceptSnapshot, acceptTargets, acceptTimestamp } from './update.ts';
export {
  completeView,
  expiriesOf,
  keyOf,
  rootOf,
  type Said,
  sameFiles,
  type SignedTag,
  versionsOf,
  type View,
  viewFiles,
  viewSignedTags,
  viewUnder,
} from './view.ts';
export { rolesToLoad, snapshotWanted } from './wanted.ts';
