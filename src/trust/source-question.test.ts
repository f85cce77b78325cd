import { expect, test } from 'vitest';
import type { NotaryConfig, SourceRequirement, TufConfig } from '../config/config.ts';
import { parseDigest } from '../oci/digest.ts';
import { aboutDigest, aboutTag, signedName, tagOf } from './source-question.ts';

const notary = { kind: 'notary', releases: 'docker' } as NotaryConfig;
const tuf = {
  kind: 'tuf',
  target: '{registry}/{repository}:{tag}',
  targetDigest: '{registry}/{repository}@{digest}',
} as TufConfig;
const app = { registry: 'reg.example', path: 'acme/app' };
const DIGEST = parseDigest(`sha256:${'aa'.repeat(32)}`);
const asked: SourceRequirement = { kind: 'source', source: 'vendor' };
const signers = { atLeast: 2, of: ['targets/a', 'targets/b'] };

test('Notary is asked for a tag, TUF 1.0 for a target', () => {
  expect(aboutTag(notary, asked, app, '1')).toEqual({ kind: 'tag', tag: '1', releases: 'docker' });
  expect(aboutTag(tuf, asked, app, '1')).toEqual({ kind: 'target', target: 'reg.example/acme/app:1' });
  expect(aboutDigest(tuf, asked, app, DIGEST)).toEqual({ kind: 'target', target: `reg.example/acme/app@${DIGEST}` });
});

test('required signers go with the question, and are left out when none are', () => {
  for (const question of [aboutTag(notary, asked, app, '1'), aboutDigest(tuf, asked, app, DIGEST)])
    expect(question).not.toHaveProperty('signers');
  const signed = { ...asked, signers };
  for (const question of [
    aboutTag(notary, signed, app, '1'),
    aboutTag(tuf, signed, app, '1'),
    aboutDigest(tuf, signed, app, DIGEST),
  ])
    expect(question).toHaveProperty('signers', signers);
});

test('a tag or a digest is put in as it is: it is no pattern', () => {
  expect(signedName(tuf, app, '$&')).toBe('reg.example/acme/app:$&');
  const odd = aboutDigest(tuf, asked, app, '$&' as never);
  expect(odd).toMatchObject({ target: 'reg.example/acme/app@$&' });
});

test('signed names and tags are translated to and fro', () => {
  expect([signedName(notary, app, '1'), tagOf(notary, app, '1')]).toEqual(['1', '1']);
  expect([signedName(tuf, app, '1'), tagOf(tuf, app, 'reg.example/acme/app:1')]).toEqual([
    'reg.example/acme/app:1',
    '1',
  ]);
});

test('what is signed for another repository, or for a digest, is no tag of this one', () => {
  expect(tagOf(tuf, app, 'reg.example/acme/apple:1')).toBeUndefined();
  expect(tagOf(tuf, app, `reg.example/acme/app@${DIGEST}`)).toBeUndefined();
});
