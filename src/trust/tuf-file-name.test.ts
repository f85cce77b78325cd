import { expect, test } from 'vitest';
import { code } from '../../test/thrown.ts';
import { tufFileName } from './tuf-file-name.ts';

test('root files are versioned, the timestamp is not, the others as the snapshot says', () => {
  expect(tufFileName({ kind: 'root', version: 7 })).toBe('7.root.json');
  expect(tufFileName({ kind: 'timestamp' })).toBe('timestamp.json');
  expect(tufFileName({ kind: 'role', role: 'targets', version: 3 })).toBe('3.targets.json');
  expect(tufFileName({ kind: 'role', role: 'targets' })).toBe('targets.json');
});

test('a role leads out of no folder and into no query', () => {
  expect(tufFileName({ kind: 'role', role: '../../etc/passwd' })).toBe('..%2F..%2Fetc%2Fpasswd.json');
  expect(tufFileName({ kind: 'role', role: 'a?b#c', version: 1 })).toBe('1.a%3Fb%23c.json');
});

test('there is no newest root, and no file that is named by its hash', () => {
  expect(code(() => tufFileName({ kind: 'newest-root' }))).toBe('internal');
  expect(code(() => tufFileName({ kind: 'by-hash', role: 'targets', sha256: 'aa' }))).toBe('internal');
});
