import { afterEach, beforeEach, expect, test } from 'vitest';
import { askedFor } from '../../src/server/refuse-at-door.ts';
import { DAY, type GateWorld, openGate } from './gate-world.ts';

let world: GateWorld;
beforeEach(async () => {
  world = await openGate();
});
afterEach(async () => {
  await world.close();
});

test('who asked for a registry that is not configured is found by its name', async () => {
  const answer = await world.get('/v2/pause/manifests/3.9?ns=gcr.io');
  expect(answer.reason).toBe('policy.unknown-registry');
  await world.gate.flushDecisions();
  const found = await world.gate.state.decisions({ image: 'gcr.io', limit: 10 });
  expect(found).toMatchObject([{ repository: 'gcr.io/pause', request: 'manifest', reason: 'policy.unknown-registry' }]);
});

test.each([
  ['/v2/a/manifests/b/manifests/c', { request: 'manifest', repository: 'a/manifests/b' }],
  ['/v2/Up/../per/tags/list?n=x', { request: 'tags', repository: 'Up/../per' }],
  ['/v2/acme/app/blobs/uploads/', { request: 'blob', repository: 'acme/app' }],
  ['/v2/%2e%2e/blobs/x?ns=a.b&ns=c.d', { request: 'blob', repository: 'a.b/c.d/%2e%2e' }],
  ['/v2/nothing?ns=a.b', { request: 'manifest', repository: 'a.b/nothing' }],
  ['/etc/passwd', { request: 'manifest', repository: '' }],
])('%s is recorded as it was sent', (url, recorded) => {
  expect(askedFor(url)).toEqual(recorded);
});

test('a name without end is cut', () => {
  expect(askedFor(`/v2/${'a'.repeat(5_000)}/tags/list`).repository).toHaveLength(255);
});

test('the tags of a repository that no rule is about are refused, not an empty list', async () => {
  const answer = await world.get('/v2/other/secret/tags/list');
  expect([answer.status, answer.reason]).toEqual([403, 'policy.no-rule']);
});

test('the tags of a repository where nothing is signed are not found', async () => {
  const answer = await world.get('/v2/acme/unsigned/tags/list');
  expect([answer.status, answer.reason]).toEqual([404, 'upstream.not-found']);
  expect(answer.body.toString()).toContain('NAME_UNKNOWN');
});

test('an outage of the trust source is no empty repository', async () => {
  await world.notary.close();
  const answer = await world.get('/v2/acme/app/tags/list');
  expect([answer.status, answer.reason]).toEqual([503, 'trust.unreachable']);
});

test('where every rule denies, the list says what a pull would say', async () => {
  await world.restart({ rule: 'deny: { message: ask us }' });
  const answer = await world.get('/v2/acme/app/tags/list');
  expect([answer.status, answer.reason]).toEqual([403, 'policy.denied']);
  await world.restart({ rule: 'allow: { reason: bootstrap, until: 2026-11-30 }' });
  expect((await world.get('/v2/acme/app/tags/list')).status).toBe(200);
  world.clock += 30 * DAY;
  expect((await world.get('/v2/acme/app/tags/list')).reason).toBe('policy.exemption-expired');
});
