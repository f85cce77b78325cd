import { beforeEach, describe, expect, test } from 'vitest';
import { TufgateError } from '../errors.ts';
import type { Peer, PeerAnswer } from '../upstream/peer.ts';
import { Pace, waitFor } from './pace.ts';
import { patientPeer } from './patient-peer.ts';

const START = Date.parse('2026-11-27T09:16:10Z');

let now: number;
/** When the server was asked, milliseconds since the start. */
let asked: number[];
let told: string[];
let answers: (number | TufgateError | readonly [number, string])[];
let peer: Peer;
let pace: Pace;

beforeEach(() => {
  now = START;
  asked = [];
  told = [];
  answers = [];
  const inner: Peer = {
    name: 'hub',
    get: () => {
      asked.push(now - START);
      const next = answers.shift() ?? 200;
      return next instanceof TufgateError ? Promise.reject(next) : Promise.resolve(answer(next));
    },
    open: () => Promise.reject(new Error('not used')),
    close: () => Promise.resolve(),
  };
  const clock = {
    now: () => now,
    elapsed: () => now - START,
    sleep: (ms: number) => Promise.resolve(void (now += ms)),
  };
  pace = new Pace({ clock, pauseMs: 100, onWait: (seconds, why) => void told.push(`${seconds} s: ${why}`) });
  peer = patientPeer(inner, pace);
});

function answer(of: number | readonly [number, string]): PeerAnswer {
  const [status, retryAfter] = typeof of === 'number' ? [of, undefined] : of;
  const headers = new Map(retryAfter === undefined ? [] : [['retry-after', retryAfter] as const]);
  return { status, headers, pieces: [], foreign: false };
}

const get = (): Promise<PeerAnswer> => peer.get('/x', { scope: '', maxBytes: 1, deadlineMs: 1 });
const refused = (
  code: 'upstream.unreachable' | 'upstream.rate-limited' | 'upstream.unauthorized',
  detail = {},
): TufgateError => new TufgateError(code, `hub: ${code}`, { detail });

describe('an answer is handed on', () => {
  test.each([200, 404, 401, 403, 301, 400])('%i at once', async (status) => {
    answers = [status];
    expect((await get()).status).toBe(status);
    expect(asked).toEqual([0]);
  });
});

test('429 and 503 are waited out as long as they say, in seconds or to an instant', async () => {
  answers = [[429, '30'], [503, new Date(START + 90_000).toUTCString()], 200];
  expect((await get()).status).toBe(200);
  expect(asked).toEqual([0, 30_000, 90_000]);
  expect(told).toEqual(['30 s: it answered 429', '60 s: it answered 503']);
});

test('where they say nothing, twice as long each time; and then the answer is what it is', async () => {
  answers = [429, 429, 429, 503, 503, 429, 429, 200];
  expect((await get()).status).toBe(429);
  expect(asked).toEqual([0, 1, 3, 7, 15, 31, 63].map((s) => s * 1_000));
});

test('a wait that is too long is none: the run can be begun again then', async () => {
  answers = [[429, '601'], 200];
  expect((await get()).status).toBe(429);
  expect(asked).toEqual([0]);
  answers = [[429, '600'], 200];
  expect((await get()).status).toBe(200);
});

test('an outage is waited out for fifteen seconds', async () => {
  answers = [
    refused('upstream.unreachable'),
    502,
    504,
    refused('upstream.unreachable', { code: 'ECONNREFUSED' }),
    502,
    200,
  ];
  expect((await get()).status).toBe(502);
  expect(asked).toEqual([0, 1, 3, 7, 15].map((s) => s * 1_000));
  answers = Array.from({ length: 9 }, () => refused('upstream.unreachable'));
  await expect(get()).rejects.toMatchObject({ code: 'upstream.unreachable' });
});

test.each([
  'ENOTFOUND',
  'CERT_HAS_EXPIRED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])('what does not mend itself is told at once: %s', async (code) => {
  answers = [refused('upstream.unreachable', { code }), 200];
  await expect(get()).rejects.toMatchObject({ code: 'upstream.unreachable' });
  expect(asked).toEqual([0]);
});

test('a 500 is asked for once more', async () => {
  answers = [500, 200];
  expect((await get()).status).toBe(200);
  answers = [500, 500, 200];
  expect((await get()).status).toBe(500);
  expect(asked).toHaveLength(4);
});

test('a token server that limits us is waited for as it says; one that refuses us is not', async () => {
  answers = [refused('upstream.rate-limited', { retryAfter: 40 }), 200];
  expect((await get()).status).toBe(200);
  expect(asked).toEqual([0, 40_000]);
  answers = [refused('upstream.unauthorized'), 200];
  await expect(get()).rejects.toMatchObject({ code: 'upstream.unauthorized' });
});

test('one is told to wait, and all wait', async () => {
  answers = [[429, '30']];
  await get();
  pace.hold(5_000, 'again');
  const before = now;
  await Promise.all([get(), get()]);
  expect(now - before).toBeGreaterThanOrEqual(5_000);
  expect(asked.slice(2).every((at) => at >= 35_000)).toBe(true);
});

test('a shorter wait does not shorten a longer one, and is not told', () => {
  pace.hold(10_000, 'long');
  pace.hold(1_000, 'short');
  expect(told).toEqual(['10 s: long']);
});

test('collections begin one after the other, a pause apart', async () => {
  const begun: number[] = [];
  for (let i = 0; i < 3; i++) {
    await pace.collection();
    begun.push(now - START);
  }
  expect(begun).toEqual([0, 100, 200]);
  now += 10_000;
  await pace.collection();
  expect(now - START).toBe(10_200);
});

test('no wait is longer than a minute where nothing is said', () => {
  expect([0, 5, 6, 20].map((attempt) => waitFor(attempt, undefined, START))).toEqual([1_000, 32_000, 60_000, 60_000]);
  expect(waitFor(0, 'nonsense', START)).toBe(60_000);
});
