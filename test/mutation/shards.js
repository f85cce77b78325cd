import { readdirSync } from 'node:fs';

/**
 * What is mutated, in parts of a few minutes on one core. A part is killed by unit tests beside it only: a check that
 * nothing but a long story notices has no test where people look for it. A part with `files` is killed by the tests of
 * the same names; one without is the rest of its folder, killed by all tests there.
 */
const PARTS = [
  { name: 'policy', folder: 'src/policy' },
  { name: 'verify', folder: 'src/verify' },
  { name: 'json', folder: 'src/json' },
  { name: 'x509', folder: 'src/trust', files: ['certificate', 'der'] },
  { name: 'crypto', folder: 'src/trust', files: ['crypto'], tests: ['src/trust/crypto*.test.ts'] },
  { name: 'spki', folder: 'src/trust', files: ['spki'], tests: ['src/trust/spki*.test.ts'] },
  { name: 'patience', folder: 'src/trust', files: ['patience'] },
  { name: 'background', folder: 'src/trust', files: ['background-refresh'] },
  { name: 'refresh', folder: 'src/trust', files: ['refresh'] },
  { name: 'loads', folder: 'src/trust', files: ['delegated-loads'] },
  { name: 'held', folder: 'src/trust', files: ['held', 'held-trust'] },
  {
    name: 'collection',
    folder: 'src/trust',
    files: ['collection', 'trust-event', 'absence'],
    tests: ['src/trust/collection.test.ts', 'src/trust/collection-{search,told}.test.ts'],
  },
  { name: 'ask', folder: 'src/trust', files: ['ask', 'asked'] },
  { name: 'collections', folder: 'src/trust', files: ['collections'], tests: ['src/trust/collections*.test.ts'] },
  { name: 'service', folder: 'src/trust', files: ['service'] },
  {
    name: 'trust',
    folder: 'src/trust',
    tests: [
      'src/trust/*-{source,name,question,collection}.test.ts',
      'src/trust/{clock-ahead,forward-clock,outgrown,why-not-root}.test.ts',
    ],
  },
  {
    name: 'messages',
    folder: 'src/trust/worker',
    files: ['desk', 'far-source', 'fetches', 'messages', 'plain-error', 'plain-event'],
  },
  { name: 'worker', folder: 'src/trust/worker' },
  {
    name: 'counting',
    folder: 'src/trust/tuf',
    files: ['certificate-path', 'freshness', 'hex', 'role-name', 'signature', 'signer-match', 'threshold'],
    tests: [
      'src/trust/tuf/{certificate-path,freshness,hex,role-name,signature,signer-match,threshold}.test.ts',
      'src/trust/crypto.test.ts',
    ],
  },
  { name: 'paths', folder: 'src/trust/tuf', files: ['bins', 'path-pattern', 'paths'] },
  {
    name: 'roots',
    folder: 'src/trust/tuf',
    files: ['root-chain', 'root-key'],
    tests: ['src/trust/tuf/root-chain.test.ts'],
  },
  {
    name: 'update',
    folder: 'src/trust/tuf',
    files: ['check', 'progress', 'update', 'wanted'],
    tests: ['src/trust/tuf/{update,tuf-update}.test.ts'],
  },
  {
    name: 'restore',
    folder: 'src/trust/tuf',
    files: ['recovery', 'restore'],
    tests: ['src/trust/tuf/{restore,tuf-restore}.test.ts'],
  },
  {
    name: 'lookup',
    folder: 'src/trust/tuf',
    files: ['agreement', 'delegation-path', 'digest-of', 'lookup', 'statement'],
    tests: ['src/trust/tuf/{agreement,delegation-path,lookup,statement}.test.ts'],
  },
  {
    name: 'search',
    folder: 'src/trust/tuf',
    files: ['delegated', 'inquiry', 'search', 'target', 'target-file'],
    tests: ['src/trust/tuf/{delegated,inquiry,search,target,target-file}.test.ts'],
  },
  {
    name: 'view',
    folder: 'src/trust/tuf',
    files: [
      'delegators',
      'mentions',
      'new-signers',
      'people',
      'permission',
      'purses',
      'said',
      'said-before',
      'taken-away',
      'trusted',
      'view',
    ],
    tests: [
      'src/trust/tuf/{delegators,mentions,new-signers,people,permission,permission-cost,purses,said,taken-away,trusted,view}.test.ts',
    ],
  },
  { name: 'tuf', folder: 'src/trust/tuf' },
  { name: 'bricks', folder: 'src/trust/tuf/format', files: ['base64', 'hex', 'instant', 'member'] },
  {
    name: 'notary',
    folder: 'src/trust/tuf/format',
    files: ['notary', 'notary-key', 'raw-key'],
    tests: ['src/trust/tuf/format/{notary,notary-model,notary-key,raw-key}.test.ts'],
  },
  { name: 'format', folder: 'src/trust/tuf/format', tests: ['src/trust/tuf/format/{key-ring,read-once,tuf*}.test.ts'] },
  { name: 'document', folder: 'src/approvals/document' },
  {
    name: 'standing',
    folder: 'src/approvals/standing',
    files: ['file-name', 'standing'],
    tests: ['src/approvals/standing/standing.test.ts'],
  },
  {
    name: 'bins',
    folder: 'src/approvals/edit',
    files: ['bins', 'placement'],
    tests: ['src/approvals/edit/{bins,delegate,placement}.test.ts'],
  },
  {
    name: 'authorize',
    folder: 'src/approvals/edit',
    files: ['attribution', 'authorize', 'renew'],
    tests: ['src/approvals/edit/{attribution,authorize,renew}.test.ts'],
  },
  {
    name: 'delegate',
    folder: 'src/approvals/edit',
    files: ['delegate', 'patterns'],
    tests: ['src/approvals/edit/delegate.test.ts'],
  },
  { name: 'edit', folder: 'src/approvals/edit', tests: ['src/approvals/edit/{approve,authorize,delegate}.test.ts'] },
  {
    name: 'explain',
    folder: 'src/approvals/proposal',
    files: ['explain', 'explain-words'],
    tests: ['src/approvals/proposal/explain{,-words}.test.ts'],
  },
  { name: 'proposal', folder: 'src/approvals/proposal' },
  {
    name: 'tree',
    folder: 'src/approvals/publish',
    files: ['tree', 'earliest-end', 'keep-fresh'],
  },
  { name: 'publish', folder: 'src/approvals/publish', tests: ['src/approvals/publish/publish.test.ts'] },
];

export const SHARDS = new Map(PARTS.map((part) => [part.name, shard(part)]));

function shard({ folder, files, tests = (files ?? ['*']).map((file) => `${folder}/${file}.test.ts`) }) {
  return { mutate: (files ?? restOf(folder)).map((file) => `${folder}/${file}.ts`), tests };
}

function restOf(folder) {
  const taken = PARTS.flatMap((part) => (part.folder === folder ? (part.files ?? []) : []));
  const sources = readdirSync(folder).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  return sources.map((file) => file.slice(0, -'.ts'.length)).filter((file) => !taken.includes(file));
}

export function shardOf(file) {
  return [...SHARDS.keys()].find((name) => SHARDS.get(name).mutate.includes(file));
}

/** Stryker's own incremental file: all that is known of the shard, and what the next run need not do again. */
export function resultsOf(name) {
  return `coverage/mutation/${name}.json`;
}
