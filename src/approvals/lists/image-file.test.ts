import { expect, test } from 'vitest';
import { code, message } from '../../../test/thrown.ts';
import { imageName } from '../../oci/reference.ts';
import { readImageFile } from './image-file.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const read = (text: string) =>
  readImageFile(text, 'images.txt').map(({ image, digest: of, reason }) => [imageName(image), of?.slice(0, 9), reason]);

test('one a line, comments and blank lines aside, with a reason behind it', () => {
  const text = `\uFEFF# ours\r\nnginx:1.27   # TICKET-12: web # and more\r\n\n  ghcr.io/acme/app:1\napp@${digest} #\n`;
  expect(read(text)).toEqual([
    ['docker.io/library/nginx:1.27', undefined, 'TICKET-12: web # and more'],
    ['ghcr.io/acme/app:1', undefined, undefined],
    [`docker.io/library/app@${digest}`, 'sha256:aa', undefined],
  ]);
});

test('twice is once; twice with two reasons is a mistake', () => {
  expect(read('nginx:1\ndocker.io/library/nginx:1\n')).toHaveLength(1);
  expect(message(() => read('nginx:1 # a\n\nnginx:1 # b'))).toBe(
    'images.txt:3: docker.io/library/nginx:1 stands in line 1 too, with another reason',
  );
});

test('mistakes are told with file and line, ten at once', () => {
  const wrong = message(() => read(`nginx:1\nNope!\n\na b\nnginx#x\n`));
  expect(wrong.split('\n').map((line) => line.split(' ')[0])).toEqual([
    'images.txt:2:',
    'images.txt:4:',
    'images.txt:5:',
  ]);
  expect(
    message(() => read('X\n'.repeat(12)))
      .split('\n')
      .at(-1),
  ).toBe('and 2 more');
  expect(code(() => read('Nope!'))).toBe('usage');
});

test('a reason is short, and can be shown', () => {
  expect(message(() => read(`nginx # ${'x'.repeat(501)}`))).toContain('longer than 500');
  expect(read(`nginx # ${'x'.repeat(500)}`)).toHaveLength(1);
  expect(message(() => read('nginx # \u001b[2J'))).toContain('cannot be shown');
});

test('ten thousand at most', () => {
  const names = Array.from({ length: 10_001 }, (_, n) => `a/b:${n}`);
  expect(message(() => read(names.join('\n')))).toContain('more than 10000');
  expect(read(names.slice(1).join('\n'))).toHaveLength(10_000);
});
