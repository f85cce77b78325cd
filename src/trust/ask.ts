import { codeOf, isReason, messageOf, type Reason, TufgateError } from '../errors.ts';
import type { Collection, Current } from './collection.ts';
import { type Holds, lasting } from './lasting.ts';
import type { Answer, AnswerBasis, Question, Refused } from './question.ts';
import {
  expiriesOf,
  findTarget,
  type Found,
  type Inquiry,
  isEnded,
  lookup,
  rootOf,
  versionsOf,
  type View,
} from './tuf/collection.ts';

/**
 * One question to one collection. A refusal is an answer, because the decision log needs it beside the others; only
 * faults of our own throw.
 *
 * What is refused for a reason that a publish or a lazy server explains is asked once more after another update: Notary
 * signs a new timestamp only once the old one has ended, and a TUF repository without consistent snapshots may change
 * under a search. Then it is final.
 */
export async function ask(collection: Collection, question: Question): Promise<Answer> {
  let current: Current;
  try {
    current = await collection.current();
  } catch (error) {
    return { verdict: refusedBy(error) };
  }
  const first = await tryOnce(collection, current, question);
  if (!('error' in first)) return first;
  if (!mayPass(question, first.error)) return lasting(refused(current, first.error), first.holds);
  return await askAgain(collection, question, current, first.error);
}

/** @param error why it was refused by the view before */
async function askAgain(collection: Collection, question: Question, before: Current, error: unknown): Promise<Answer> {
  let current: Current;
  try {
    current = await collection.again();
  } catch (failure) {
    return { verdict: refusedBy(failure) };
  }
  // Expired because the source cannot be reached, or offers only bytes that we refuse: that is the reason to give.
  const told = (why: unknown): unknown => (codeOf(why) === 'trust.expired' ? (current.failure ?? why) : why);
  if (current.view.timestamp === before.view.timestamp) return refused(current, told(error));
  const second = await tryOnce(collection, current, question);
  return 'error' in second ? refused(current, told(second.error)) : second;
}

const MAY_PASS: Record<Question['kind'], ReadonlySet<string>> = {
  tag: new Set(['trust.expired']),
  target: new Set(['trust.expired', 'trust.hash', 'trust.signature', 'trust.threshold']),
};

/** An approval that has ended is no reason to hurry: nobody else can say that it goes on, and `check_every` is soon enough. */
function mayPass({ kind }: Question, error: unknown): boolean {
  return MAY_PASS[kind].has(codeOf(error)) && !isEnded(error);
}

async function tryOnce(collection: Collection, current: Current, question: Question): Promise<Answer | Missed> {
  const inquiry: Asking = { now: collection.now(), asHeld: true };
  const lasts = (): Holds | undefined =>
    inquiry.asHeld ? collection.holds(current.view, nameOf(question), inquiry.now) : undefined;
  try {
    const found = await find(collection, current.view, question, inquiry);
    const { behind, ...said } = found.found;
    const verdict = { outcome: 'signed', ...said } as const;
    const basis = basisOf({ ...current, view: found.view }, behind);
    const tracked = collection.tracks(found.view, behind);
    return lasting({ verdict, basis: tracked ? basis : { ...basis, untracked: true } }, lasts());
  } catch (error) {
    return { error, holds: lasts() };
  }
}

interface Missed {
  readonly error: unknown;
  readonly holds: Holds | undefined;
}

/** How one answer came about. */
interface Asking {
  /** One instant for all of it. */
  readonly now: number;
  /** From what is held, with nothing loaded or missing: then it would be the same once more. */
  asHeld: boolean;
}

function nameOf(question: Question): string {
  return question.kind === 'tag' ? question.tag : question.target;
}

/** TUF 1.0: the search says which file it needs, until it needs none; it is bounded by what one search may come by. */
async function find(
  collection: Collection,
  view: View,
  question: Question,
  asking: Asking,
): Promise<{ found: Found; view: View }> {
  const { now } = asking;
  if (question.kind === 'tag') return { found: lookup(view, question.tag, question, now), view };
  const { target, signers } = question;
  const asked = { signers, failed: new Map<string, TufgateError>(), inquiries: new Map<string, Inquiry>() };
  let loaded = view;
  for (let loads = 0; loads < MAX_LOADS; loads++) {
    const step = findTarget(collection.ctx, loaded, target, now, asked);
    if (step.kind === 'found') return { found: step.found, view: loaded };
    asking.asHeld = false;
    try {
      loaded = await collection.withDelegated(loaded, step);
    } catch (error) {
      // Among named signers it is one less; else the search has failed, nobody of lower priority is asked.
      if (step.signer === undefined || !(error instanceof TufgateError) || !isReason(error.code)) throw error;
      asked.failed.set(step.signer, error);
    }
  }
  const why = `more than ${MAX_LOADS} files would have to be loaded for one question`;
  throw new TufgateError('trust.too-large', `${collection.ctx.gun}: ${why}`);
}

/** Two delegators may name one role, and each have a file of its own there: no question goes back and forth for ever. */
const MAX_LOADS = 512;

/** A tag that is missing only because newer trust data was refused says so: "ask its publisher to sign it" would mislead. */
function refused(current: Current, error: unknown): Answer {
  const { failure } = current;
  const verdict = refusedBy(error);
  const newer = failure !== undefined && failure !== error && failure.code !== 'trust.unreachable';
  const message = newer ? `${verdict.message}; newer trust data was refused: ${failure.message}` : verdict.message;
  return { verdict: { ...verdict, message }, basis: basisOf(current, []) };
}

export function refusedBy(error: unknown): Refused {
  return { outcome: 'refused', reason: reasonOf(error), message: messageOf(error) };
}

/** A fault of our own is not an answer: it goes up, and the pull is refused as `internal`. */
export function reasonOf(error: unknown): Reason {
  const code = codeOf(error);
  if (isReason(code)) return code;
  throw error;
}

function basisOf({ view, checkedAt, failure }: Current, behind: readonly string[]): AnswerBasis {
  const rests = { root: rootOf(view), versions: versionsOf(view, behind), expires: expiriesOf(view, behind) };
  if (failure === undefined || !isReason(failure.code)) return { ...rests, checkedAt };
  return { ...rests, checkedAt, failure: { reason: failure.code, message: failure.message } };
}
