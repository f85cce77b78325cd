import { TufgateError } from '../../errors.ts';
import { sameBytes } from './hex.ts';
import type { Model } from './model.ts';
import type { Accepted } from './trusted.ts';

/** Expired from the instant `expires` on (TUF 5.3.10: it must be higher than T0). @throws trust.expired */
export function refuseExpired(gun: string, role: string, model: Model, now: number): void {
  const why = expired(gun, role, model, now);
  if (why !== undefined) throw why;
}

export function expired(gun: string, role: string, model: Model, now: number): TufgateError | undefined {
  if (now < model.expires) return undefined;
  const [since, today] = [model.expires, now].map((instant) => new Date(instant).toISOString());
  const what = `${role} version ${model.version} of ${gun} expired at ${since}; the clock of this gate says ${today}`;
  const why = `${what}. Its publisher or its trust server must sign it anew; if the clock is or was wrong, see "tufgate trust clock"`;
  return new TufgateError('trust.expired', why, { detail: { role } });
}

/**
 * What was accepted before is the floor, also when it has expired since. Two files with one version are an attack or a
 * broken publisher; Notary's own client takes the second.
 * @throws trust.rollback, trust.equal-version
 */
export function refuseRollback<T extends Model>(
  gun: string,
  role: string,
  floor: Accepted<T> | undefined,
  model: T,
  bytes: Uint8Array,
): void {
  if (floor === undefined || model.version > floor.model.version) return;
  const detail = { role, floor: floor.model.version, version: model.version };
  if (model.version < floor.model.version) {
    const why = `${role} of ${gun} went back to version ${model.version}, version ${floor.model.version} was seen before`;
    throw new TufgateError('trust.rollback', why, { detail });
  }
  if (sameBytes(floor.file.bytes, bytes)) return;
  const why = `${role} of ${gun} is another file than the one seen before with the same version ${model.version}`;
  throw new TufgateError('trust.equal-version', why, { detail });
}
