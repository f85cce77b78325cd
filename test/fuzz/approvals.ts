import type { Document, Entry, KeyEntry } from '../../src/approvals/document/documents.ts';
import { parseTarget } from '../../src/approvals/document/names.ts';
import { readRoot, readSnapshot, readTargets, readTimestamp } from '../../src/approvals/document/read-document.ts';
import { fileBytes, signedBytes } from '../../src/approvals/document/write-document.ts';
import type { Change } from '../../src/approvals/edit/change.ts';
import { patternsOf } from '../../src/approvals/edit/patterns.ts';
import { changeJson, readChange } from '../../src/approvals/proposal/change-json.ts';
import { proposalBytes, readProposal } from '../../src/approvals/proposal/proposal-file.ts';
import { readSignedBefore } from '../../src/approvals/proposal/signed-before.ts';
import { parseFileName } from '../../src/approvals/standing/file-name.ts';
import { canonicalJson, readableJson } from '../../src/json/canonical.ts';
import { readJsonAs } from '../../src/json/read.ts';
import { tufKey } from '../../src/simulator/tuf-key.ts';
import { JSON_LIMITS } from '../../src/trust/tuf/limits.ts';
import type { Parser } from './parsers.ts';

const NOW = Date.UTC(2026, 10, 21);
const GUN = 'docker.io/library/alpine';
const bytes = (...texts: string[]): Uint8Array[] => texts.map((text) => Buffer.from(text));
const text = (input: Uint8Array): string => Buffer.from(input).toString('utf8');

/** Files of a repository of approvals, and what travels between those who sign. */
export function approvals(): Parser[] {
  const { entry, keyId } = tufKey('ed25519', 'fuzz');
  const key = entry as unknown as KeyEntry;
  const keys = new Map([[keyId, key]]);
  const who = { keyIds: [keyId], threshold: 1 };
  const common = { version: 3, expires: NOW };
  const sha256 = 'ab'.repeat(32);
  const word = {
    kind: 'approval',
    at: NOW,
    by: 'anna',
    until: NOW,
    keys: [keyId],
    evidence: [new Map([['kind', 'sbom']])],
  } as const;
  const targets = new Map<string, Entry>([
    [`${GUN}:1`, { length: 7, sha256, mediaType: 'm', word }],
    [`${GUN}@sha256:${sha256}`, { length: 7, sha256, word: { kind: 'named', tags: ['1'], own: word } }],
    [`${GUN}@sha256:${'cd'.repeat(32)}`, { length: 7, sha256, word: { kind: 'withdrawn', at: NOW, by: 'anna' } }],
  ]);
  const paths = { kind: 'patterns', of: [`${GUN}:*`, `${GUN}@*`] } as const;
  const written = (document: Document): Uint8Array =>
    fileBytes(signedBytes(document), [{ keyId, bytes: Buffer.alloc(64) }]);
  const roles = { root: who, timestamp: who, snapshot: who, targets: who };
  const owners = { kind: 'roles', keys, roles: [{ name: 'team', paths, ...who }] } as const;
  const bins = { kind: 'bins', keys, bins: { prefix: 'bulk', bits: 4, ...who } } as const;
  const quorum = { keys: [key], threshold: 1 };
  const changes: readonly Change[] = [
    { kind: 'create', root: quorum, timestamp: quorum, snapshot: quorum, targets: quorum, bulk: quorum },
    {
      kind: 'approve',
      repository: GUN,
      tag: '1',
      sha256,
      length: 7,
      by: 'anna',
      until: NOW,
      evidence: [],
      reinstate: false,
    },
    { kind: 'withdraw', repository: GUN, sha256, by: 'anna', reason: 'CVE-1' },
    { kind: 'remove-tag', repository: GUN, tag: '1' },
    { kind: 'delegate', role: 'team', names: [GUN], ...quorum },
    { kind: 'undelegate', role: 'team', keep: true },
    { kind: 'authorize', role: 'root', distrust: [keyId], ...quorum },
    { kind: 'renew', endingBefore: NOW },
  ];
  const proposal = {
    repository: 'approvals',
    created: NOW,
    lifetimes: { root: 1_000, approvals: 1_000, snapshot: 1_000, timestamp: 1_000 },
    changes,
    files: new Map([['timestamp.json', Buffer.from('{}')]]),
    parts: [{ role: 'bulk-0', version: 2, sha256, signatures: [{ keyId, bytes: Buffer.alloc(64) }] }],
  };
  const of = (name: string, read: (what: string, bytes: Uint8Array) => unknown, ...samples: Uint8Array[]): Parser => ({
    name: `approvals: ${name}`,
    samples,
    codes: ['trust.malformed'],
    parse: (input) => read('it', input),
  });
  return [
    of('root', readRoot, written({ type: 'root', ...common, keys, roles })),
    of(
      'targets',
      readTargets,
      written({ type: 'targets', ...common, targets, delegations: owners }),
      written({ type: 'targets', ...common, targets, delegations: bins }),
    ),
    of('snapshot', readSnapshot, written({ type: 'snapshot', ...common, meta: new Map([['targets', 3]]) })),
    of(
      'timestamp',
      readTimestamp,
      written({ type: 'timestamp', ...common, snapshot: { version: 3, length: 7, sha256 } }),
    ),
    of('proposals', readProposal, proposalBytes(proposal)),
    of(
      'changes',
      (what, input) => readChange(what, readJsonAs('trust.malformed', what, input, JSON_LIMITS)),
      ...changes.map((change) => readableJson(canonicalJson(changeJson(change)))),
    ),
    of(
      'what was signed before',
      readSignedBefore,
      ...bytes(`{"${sha256}":{"bulk-0":{"version":3,"sha256":"${sha256}","published":2}}}`),
    ),
    of('names of targets', (_, input) => parseTarget(text(input)), ...bytes(...targets.keys())),
    of(
      'names of files',
      (_, input) => parseFileName(text(input)),
      ...bytes('1.root.json', '12.bulk-0f.json', 'timestamp.json'),
    ),
    {
      ...of(
        'what is delegated',
        (_, input) => patternsOf(text(input)),
        ...bytes('docker.io/library/nginx', 'ghcr.io/acme/*', 'ghcr.io/**'),
      ),
      codes: ['usage'],
    },
  ];
}
