import { expect } from 'vitest';
import type { Answer, OneShotGate } from './one-shot-gate.ts';

/** The gate goes on without a word: the image is allowed, and nobody is alarmed. */
export async function goesOn(
  gate: OneShotGate,
  image: string,
): Promise<Answer & { source: Answer['sources'][number] }> {
  const answer = await gate.resolve(image);
  expect(answer, JSON.stringify(answer)).toMatchObject({ decision: 'allow', alarms: [] });
  const [source] = answer.sources;
  if (source === undefined) throw new Error(`no source vouched for ${image}`);
  return { ...answer, source };
}

/** Refused for this reason, in words that say this much. */
export async function refuses(
  gate: OneShotGate,
  image: string,
  reason: string,
  ...words: readonly string[]
): Promise<Answer> {
  const answer = await gate.resolve(image);
  expect(answer, JSON.stringify(answer)).toMatchObject({ decision: 'deny', reason, digest: null });
  for (const word of words) expect(answer.message).toContain(word);
  return answer;
}

/** What was verified before serves on, and the alarm says why nothing newer does. */
export async function servesOnWithAlarm(
  gate: OneShotGate,
  image: string,
  digest: string,
  code: string,
  ...words: readonly string[]
): Promise<void> {
  const answer = await gate.resolve(image);
  expect(answer, JSON.stringify(answer)).toMatchObject({ decision: 'allow', digest });
  expect(answer.alarms.map((alarm) => alarm.code)).toEqual([code]);
  for (const word of words) expect(answer.alarms[0]?.msg).toContain(word);
}
