/** One place of our code, below `src`, and what stands there instead. */
export type Edit = readonly [file: string, from: string, to: string];

/** How clients of the public suite were broken: 18 of these 20 ways it does not notice. Every one must fail a test here. */
export const BREAKAGES: ReadonlyMap<string, readonly Edit[]> = new Map<string, readonly Edit[]>([
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
        'trust/tuf/check.ts',
        'refuseOtherBytes(ctx, role, entry, bytes)',
        "refuseOtherBytes(ctx, role, role === 'targets' ? entry : { hashes: {} }, bytes)",
      ],
    ],
  ],
  [
    'delegated version',
    [
      [
        'trust/tuf/check.ts',
        'refuseOtherVersion(ctx, role, entry, signed.model);',
        "if (role === 'targets') refuseOtherVersion(ctx, role, entry, signed.model);",
      ],
    ],
  ],
  ['delegated signature', delegatedAuthority('{ ...authority, threshold: 0 }')],
  ['delegated threshold', delegatedAuthority('{ ...authority, threshold: 1 }')],
  ['succinct bin', [['trust/tuf/bins.ts', 'binName(bins, top >>> (32 - bins.bits))', 'binName(bins, 0)']]],
  ['hash prefixes', [['trust/tuf/paths.ts', 'hash().startsWith(prefix)', 'hash().length >= prefix.length']]],
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
    [['trust/collection.ts', 'trusted, now, maxBytes:', 'trusted, get now() { return options.now(); }, maxBytes:']],
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
  [
    'segments of a pattern',
    [
      [
        'trust/tuf/path-pattern.ts',
        'wanted === SLASH) return false;',
        'wanted === SLASH) return own === NONE && wanted === SLASH;',
      ],
    ],
  ],
  [
    'snapshot named by the timestamp',
    [['trust/tuf/update.ts', "refuseLower(ctx, 'the snapshot that the timestamp names',", 'void (0,']],
  ],
]);

/** Where a delegated file is loaded, and where it is searched. */
function delegatedAuthority(authority: string): readonly Edit[] {
  return [
    ['trust/tuf/delegated.ts', 'checkTargets(ctx, authority,', `checkTargets(ctx, ${authority},`],
    ['trust/tuf/search.ts', 'targetsUnder(ctx, loaded, authority)', `targetsUnder(ctx, loaded, ${authority})`],
  ];
}
