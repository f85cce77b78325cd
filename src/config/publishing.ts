import type { Lifetimes, PublishConfig } from './config.ts';
import { type Reader, section } from './field.ts';
import { path } from './file.ts';
import { present } from './present.ts';
import { duration } from './quantity.ts';

const DAY = 86_400_000;

/** `publish` of a trust source: how this gate keeps a repository of approvals. */
export const publishing: Reader<Omit<PublishConfig, 'folder'>> = section('such as `{ keys: ../data/keys }`', (open) => {
  const keys = open.required('keys', path, 'the folder of the keys that this gate signs with, such as `../data/keys`');
  const online = open.optional('online', (field) => field.text('a key: a PEM file, env:VARIABLE, or program:COMMAND'));
  const lifetimes = open.optional('expires', expires) ?? DEFAULTS;
  return keys === undefined ? undefined : { keys, lifetimes, ...present({ online }) };
});

const DEFAULTS: Lifetimes = { root: 365 * DAY, approvals: 365 * DAY, snapshot: 7 * DAY, timestamp: DAY };

const expires: Reader<Lifetimes> = section('such as `{ approvals: 365d, timestamp: 1d }`', (open) => {
  const long = duration({ min: DAY, max: 3_650 * DAY, words: 'from 1d to 3650d' });
  const short = duration({ min: 60_000, max: 365 * DAY, words: 'from 1m to 365d' });
  return {
    root: open.optional('root', long) ?? DEFAULTS.root,
    approvals: open.optional('approvals', long) ?? DEFAULTS.approvals,
    snapshot: open.optional('snapshot', short) ?? DEFAULTS.snapshot,
    timestamp: open.optional('timestamp', short) ?? DEFAULTS.timestamp,
  };
});
