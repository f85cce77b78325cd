import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readImageConfig } from './image-config.ts';

const read = (value: unknown) => readImageConfig(Buffer.from(JSON.stringify(value)));
const UNREADABLE = ['its configuration is not a JSON object that can be read'];

test.each(['', 'x', '[]', 'null', '{"a":1,"a":2}', '[['.repeat(40)])('%j is unknown', (text) => {
  expect(readImageConfig(Buffer.from(text))).toEqual({ labels: new Map(), settings: new Map(), problems: UNREADABLE });
});

test.each([[7], ['yesterday'], ['2026-02-31T00:00:00Z'], [{}]])('created %j is not known', (created) => {
  const { created: at, problems } = read({ created });
  expect(at).toBeUndefined();
  expect(problems).toEqual(['its configuration does not say when it was created in a way that can be read']);
});

test('no instant is no problem', () => {
  for (const created of [undefined, null]) expect(read({ created })).toMatchObject({ problems: [] });
});

test('labels are bounded, texts only, and fit for a terminal', () => {
  const Labels = { 'a\u001b[2J': 'b\nsigned by vendor', long: 'x'.repeat(4_097), number: 7, ['n'.repeat(201)]: '' };
  const { labels, problems } = read({ config: { Labels } });
  expect([...labels]).toEqual([
    [String.raw`a\u{1b}[2J`, String.raw`b\u{a}signed by vendor`],
    ['long', `${'x'.repeat(4_096)}…`],
    [`${'n'.repeat(200)}…`, ''],
  ]);
  expect(problems).toEqual(['1 of its 4 labels are not shown']);
  const many = read({ config: { Labels: Object.fromEntries(Array.from({ length: 203 }, (_, n) => [`l${n}`, ''])) } });
  expect([many.labels.size, ...many.problems]).toEqual([200, '3 of its 203 labels are not shown']);
});

test('labels, configuration and settings of a wrong shape are none', () => {
  for (const value of [{ config: 7 }, { config: { Labels: [] } }, { config: { Labels: null } }, {}])
    expect(read(value)).toEqual({ labels: new Map(), settings: new Map(), problems: [] });
});

test('what is run is told as JSON, bounded; empty members are none', () => {
  const { settings } = read({
    config: { User: '', Cmd: null, Env: ['A=\u0007'], Volumes: { '/x': {} }, Healthcheck: 'y'.repeat(5_000) },
  });
  expect(settings.get('Env')).toBe(String.raw`["A=\u0007"]`);
  expect(settings.get('Volumes')).toBe('{"/x":{}}');
  expect(settings.get('Healthcheck')).toHaveLength(4_097);
  expect([...settings.keys()]).toEqual(
    ['Env', 'Volumes', 'Healthcheck'].sort((a, b) => 'EVH'.indexOf(a[0]!) - 'EVH'.indexOf(b[0]!)),
  );
});

test('any bytes give an answer', () => {
  const any = fc.oneof(
    fc.uint8Array(),
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
    fc
      .record({
        os: fc.jsonValue(),
        created: fc.jsonValue(),
        config: fc.record({ Labels: fc.jsonValue(), User: fc.jsonValue() }),
      })
      .map((value) => Buffer.from(JSON.stringify(value))),
  );
  fc.assert(fc.property(any, (input) => void readImageConfig(input)));
});
