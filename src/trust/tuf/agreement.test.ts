import { expect, test } from 'vitest';
import { agreement, type Named } from './agreement.ts';
import { sha256FromHex } from './digest-of.ts';

const A = sha256FromHex('aa'.repeat(32));

const by = (role: string, until?: number): Named => ({
  kind: 'names',
  role,
  digest: A,
  length: 7,
  path: ['targets', role],
  signers: [`id of ${role}`],
  signerKeys: [`key of ${role}`],
  ...(until === undefined ? {} : { until }),
});
const agreed = (...statements: Named[]) =>
  agreement('app:1', { atLeast: statements.length, of: statements.map(({ role }) => role) }, statements);

test('an agreement of approvals without an end has none', () => {
  expect(agreed(by('a'), by('b'))).toStrictEqual({
    digest: A,
    length: 7,
    roles: ['a', 'b'],
    behind: ['targets', 'a', 'b'],
    signers: ['id of a', 'id of b'],
  });
});

test('an agreement ends with the first of the approvals that end', () => {
  expect(agreed(by('a', 30), by('b', 20), by('c'))).toStrictEqual({
    digest: A,
    length: 7,
    roles: ['a', 'b', 'c'],
    behind: ['targets', 'a', 'b', 'c'],
    signers: ['id of a', 'id of b', 'id of c'],
    until: 20,
  });
});
