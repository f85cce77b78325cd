import { startVitest } from 'vitest/node';

/**
 * `node test/conformance/breakages.js [NAME…]`: breaks our code as clients of the public suite were broken, one way at a
 * time and in memory only, and runs the tests of this folder. Every breakage must be noticed; 18 of these 20 are not by
 * the public suite.
 */
const BREAKAGES = new Map([
  ['download length', [['trust/refresh.ts', 'Math.min(most, the.maxBytes)', 'Number.MAX_SAFE_INTEGER']]],
  ['root rotations', [['trust/refresh.ts', 'MAX_ROTATIONS = 256', 'MAX_ROTATIONS = 100_000']]],
  ['number of delegations', [['trust/tuf/limits.ts', 'MAX_VISITED = 64', 'MAX_VISITED = 100_000']]],
  [
    'delegated expiry',
    [
      ['trust/tuf/delegated.ts', 'refuseExpired(ctx.gun, role, checked.model, now);', ''],
      ['trust/tuf/search.ts', 'refuseExpired(view.gun, role, accepted.model, now);', ''],
    ],
  ],
  [
    'delegated hash',
    [
      [
        'trust/tuf/update.ts',
        'refuseOtherBytes(ctx, role, entry, bytes)',
        "refuseOtherBytes(ctx, role, role === 'targets' ? entry : { hashes: {} }, bytes)",
      ],
    ],
  ],
  [
    'delegated version',
    [
      [
        'trust/tuf/update.ts',
        'refuseOtherVersion(ctx, role, entry, signed.model);',
        "if (role === 'targets') refuseOtherVersion(ctx, role, entry, signed.model);",
      ],
    ],
  ],
  ['delegated signature', delegatedAuthority('{ ...authority, threshold: 0 }')],
  ['delegated threshold', delegatedAuthority('{ ...authority, threshold: 1 }')],
  ['succinct bin', [['trust/tuf/bins.ts', '(top >>> (32 - bins.bits))', '(0)']]],
  ['hash prefixes', [['trust/tuf/paths.ts', 'hash.startsWith(prefix)', 'hash.length >= prefix.length']]],
  [
    'consistent_snapshot',
    [['trust/tuf/wanted.ts', 'versioned: newestRoot(trusted).model.consistentSnapshot', 'versioned: true']],
  ],
  ['threshold of zero', [['trust/tuf/format/tuf-authority.ts', "integer('threshold', 1)", "integer('threshold', 0)"]]],
  ['major version', [['trust/tuf/format/tuf-envelope.ts', 'SPEC_VERSION = /^1\\.', 'SPEC_VERSION = /^\\d+\\.']]],
  [
    'rollback of what is listed',
    [
      [
        'trust/tuf/update.ts',
        'of floor?.meta ?? []) {',
        "of [...(floor?.meta ?? [])].filter(([name]) => name === 'targets')) {",
      ],
    ],
  ],
  ['end of the root chain', [['trust/http-source.ts', 'answer.status === 404', 'answer.status >= 400']]],
  [
    'one clock',
    [
      ['trust/collection.ts', 'const { maxBytes } = this.options;', 'const { maxBytes, now: clock } = this.options;'],
      ['trust/collection.ts', 'trusted, now, maxBytes', 'trusted, get now() { return clock(); }, maxBytes'],
    ],
  ],
  ['target length', [['trust/tuf/target-file.ts', 'bytes.length !== length', 'false']]],
  [
    'expired floor',
    [
      [
        'trust/tuf/update.ts',
        'const floor = trusted.timestamp;',
        'const floor = (trusted.timestamp?.model.expires ?? 0) > now ? trusted.timestamp : undefined;',
      ],
    ],
  ],
  ['segments of a pattern', [['trust/tuf/path-pattern.ts', 'segments.length === names.length && ', '']]],
  [
    'snapshot named by the timestamp',
    [['trust/tuf/update.ts', "refuseLower(ctx, 'the snapshot that the timestamp names',", 'void (0,']],
  ],
]);

/** Where a delegated file is loaded, and where it is searched. */
function delegatedAuthority(authority) {
  return [
    ['trust/tuf/delegated.ts', 'checkTargets(ctx, authority,', `checkTargets(ctx, ${authority},`],
    ['trust/tuf/search.ts', 'targetsUnder(ctx, loaded, authority)', `targetsUnder(ctx, loaded, ${authority})`],
  ];
}

const wanted = process.argv.slice(2);
const missed = [];
for (const [name, edits] of BREAKAGES) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const failed = await failuresWith(edits);
  const [first] = failed;
  process.stdout.write(`${name} | ${first === undefined ? 'NOT NOTICED' : `${failed.length} tests, ${first}`}\n`);
  if (first === undefined) missed.push(name);
}
process.exit(missed.length === 0 ? 0 : 1);

/** Names of tests; those that were written for a breakage come first. */
async function failuresWith(edits) {
  const left = new Set(edits);
  const breaking = {
    name: 'breaking',
    enforce: 'pre',
    transform(code, id) {
      for (const edit of edits) {
        const [file, from, to] = edit;
        if (!id.endsWith(`/src/${file}`)) continue;
        if (!code.includes(from)) throw new Error(`${file} has no ${from}: write the breakage anew`);
        left.delete(edit);
        code = code.replace(from, () => to);
      }
      return code;
    },
  };
  const options = { config: false, watch: false, include: ['test/conformance/*.test.ts'], testTimeout: 20_000 };
  const vitest = await startVitest('test', [], { ...options, reporters: [{}], maxWorkers: 1 }, { plugins: [breaking] });
  const modules = vitest.state.getTestModules().sort((a, b) => a.moduleId.localeCompare(b.moduleId));
  const failed = modules.flatMap((module) => [...module.children.allTests('failed')].map(({ fullName }) => fullName));
  const broken = modules.filter((module) => module.errors().length > 0);
  await vitest.close();
  if (left.size > 0 || broken.length > 0) throw new Error('a breakage that does not load proves nothing');
  return failed;
}
