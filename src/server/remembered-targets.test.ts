import { expect, test } from 'vitest';
import { rememberTargets } from './remembered-targets.ts';

function world() {
  const asked: string[] = [];
  const read = rememberTargets({
    named(host) {
      asked.push(host);
      return host === 'reg.example' || host === 'other.example' ? host : undefined;
    },
  });
  return { asked, read };
}

test('a line is read once, and means by each host what it means there', () => {
  const { asked, read } = world();
  const url = '/v2/a/manifests/1';
  const first = read(url, 'reg.example');
  const times = asked.length;
  expect(read(url, 'reg.example')).toBe(first);
  expect(asked).toHaveLength(times);
  expect(read(url, 'other.example')).toMatchObject({ repository: { registry: 'other.example' } });
  expect(() => read(url, undefined)).toThrow('registry');
  expect(read(`${url}?ns=other.example`, 'x')).toMatchObject({ repository: { registry: 'other.example' } });
});

test('what is refused is judged each time', () => {
  const { asked, read } = world();
  for (const times of [1, 2]) {
    expect(() => read('/v2/a/../b/manifests/1', 'reg.example')).toThrow('not a repository name');
    expect(asked.filter((host) => host === 'reg.example')).toHaveLength(times);
  }
});

test('a flood of names costs no more memory than ten thousand of them, nor do long ones', () => {
  const { asked, read } = world();
  const long = `/v2/a/manifests/1?x=${'y'.repeat(1_024)}`;
  const first = read(long, 'reg.example');
  expect(read(long, 'reg.example')).not.toBe(first);
  const kept = read('/v2/a/manifests/1', 'reg.example');
  for (let n = 0; n < 10_000; n++) read(`/v2/a/manifests/t${n}`, 'reg.example');
  asked.length = 0;
  expect(read('/v2/a/manifests/1', 'reg.example')).toEqual(kept);
  expect(asked).not.toEqual([]);
});
