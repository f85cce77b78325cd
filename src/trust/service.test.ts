import { beforeEach, describe, expect, test } from 'vitest';
import type { NotaryConfig, SourceRequirement, TrustSourceConfig, TufConfig } from '../config/config.ts';
import { type Reason, TufgateError } from '../errors.ts';
import { type Digest, isDigest, parseDigest } from '../oci/digest.ts';
import type { PastTag, SignedTag, TrustStore } from '../state/store.ts';
import type { Opened } from './collection.ts';
import type { Collections } from './collections.ts';
import { nodeCrypto } from './crypto.ts';
import type { MetadataSource } from './metadata-source.ts';
import type { Answer, AnswerBasis, Question } from './question.ts';
import { createTrustService, type TrustService } from './service.ts';

const A = parseDigest(`sha256:${'aa'.repeat(32)}`);
const B = parseDigest(`sha256:${'bb'.repeat(32)}`);
const app = { registry: 'reg.example', path: 'acme/app' };
const NAME = 'reg.example/acme/app';

const pins = [{ gun: 'reg.example', prefix: true, anchor: { kind: 'keys', keyIds: ['aa'] } }];
const notary = { kind: 'notary', name: 'vendor', gun: '{registry}/{repository}', pins, releases: 'strict' };
const tuf = {
  kind: 'tuf',
  name: 'approvals',
  root: { kind: 'root-file', file: 'root.json', bytes: Buffer.from('root') },
  target: '{registry}/{repository}:{tag}',
  targetDigest: '{registry}/{repository}@{digest}',
};
const sources = new Map<string, TrustSourceConfig>([
  ['vendor', notary as unknown as NotaryConfig],
  ['approvals', tuf as unknown as TufConfig],
]);
const vendor: SourceRequirement = { kind: 'source', source: 'vendor' };
const approvals: SourceRequirement = { kind: 'source', source: 'approvals' };
const basis: AnswerBasis = {
  root: { version: 3, keys: ['cc'], anchor: 'keys' },
  versions: new Map([['timestamp', 9]]),
  expires: new Map([['timestamp', 99]]),
  checkedAt: 5,
};

/** What the collections say: by tag or target. */
let signed: Map<string, Digest | Reason | Error>;
/** The same for `naming` and `names`. */
let current: readonly SignedTag[] | Error;
let names: readonly string[] | Error;
let past: readonly PastTag[];
let removed: ReadonlyMap<string, number>;
let asked: { of: string; question: unknown }[];
let service: TrustService;
beforeEach(() => {
  signed = new Map();
  [current, names, past] = [[], [], []];
  removed = new Map();
  asked = [];
  service = createTrustService({
    sources,
    metadata: () => ({}) as MetadataSource,
    crypto: nodeCrypto,
    collections: collections as unknown as Collections,
    store: store as unknown as TrustStore,
    now: () => 0,
  });
});

function note(opened: Opened, question: unknown): void {
  asked.push({ of: `${opened.source} ${opened.gun}`, question });
}

const collections = {
  ask(opened: Opened, question: Question): Promise<Answer> {
    note(opened, question);
    const said = signed.get(question.kind === 'tag' ? question.tag : question.target) ?? 'trust.unsigned';
    if (said instanceof Error) return Promise.reject(said);
    if (isDigest(said)) {
      const verdict = { outcome: 'signed', digest: said, length: 7, roles: ['targets'], signers: ['dd'] } as const;
      return Promise.resolve({ verdict, basis });
    }
    return Promise.resolve({ verdict: { outcome: 'refused', reason: said, message: 'secret.internal' } });
  },
  naming(opened: Opened, digests: readonly Digest[], prefix: string): Promise<readonly SignedTag[]> {
    note(opened, digests);
    if (current instanceof Error) return Promise.reject(current);
    return Promise.resolve(current.filter(({ tag }) => tag.startsWith(prefix)));
  },
  names(opened: Opened, prefix: string): Promise<readonly string[]> {
    note(opened, prefix);
    return names instanceof Error ? Promise.reject(names) : Promise.resolve(names);
  },
};

const store = {
  endedTags: (opened: Opened, digests: readonly Digest[]) => (note(opened, digests), Promise.resolve(past)),
  removals: (opened: Opened, tags: readonly string[]) => (note(opened, tags), Promise.resolve(removed)),
};

const named = (tag: string): SignedTag => ({ role: 'targets', tag, digest: A });
const down = new TufgateError('trust.unreachable', 'connect ECONNREFUSED');
const fault = new Error('a fault');

describe('a tag', () => {
  test('is asked of the collection that speaks for its repository', async () => {
    await service.resolve(vendor, app, '1');
    await service.resolve(approvals, app, '1');
    expect(asked).toEqual([
      { of: `vendor ${NAME}`, question: { kind: 'tag', tag: '1', releases: 'strict' } },
      { of: 'approvals *', question: { kind: 'target', target: `${NAME}:1` } },
    ]);
  });

  test('that is signed is a verdict with all that it rests on', async () => {
    signed.set('1', A);
    expect(await service.resolve(vendor, app, '1')).toEqual({
      source: 'vendor',
      kind: 'notary',
      outcome: 'signed',
      digest: A,
      length: 7,
      roles: ['targets'],
      signers: ['dd'],
      ...basis,
    });
  });

  test('that is refused is one as well', async () => {
    expect(await service.resolve(vendor, app, '1')).toEqual({
      source: 'vendor',
      kind: 'notary',
      outcome: 'refused',
      reason: 'trust.unsigned',
      message: 'secret.internal',
      roles: [],
      signers: [],
      versions: new Map(),
      expires: new Map(),
    });
  });

  test('whose source is away is refused without a word about hosts of ours', async () => {
    signed.set('1', 'trust.unreachable');
    const { reason, message, failure } = await service.resolve(vendor, app, '1');
    expect(reason).toBe('trust.unreachable');
    expect(failure).toEqual({ reason, message: 'secret.internal' });
    signed.set('1', 'trust.expired');
    expect(await service.resolve(vendor, app, '1')).not.toHaveProperty('failure');
    expect(message).toContain('the trust source vendor could not be reached');
    expect(message).not.toContain('secret');
  });

  test('that nobody may vouch for is refused before anybody is asked', async () => {
    const { reason, message } = await service.resolve(vendor, { registry: 'elsewhere', path: 'app' }, '1');
    expect([reason, asked]).toEqual(['trust.no-root', []]);
    expect(message).toContain('elsewhere/app');
  });

  test('throws faults of our own', async () => {
    signed.set('1', fault);
    await expect(service.resolve(vendor, app, '1')).rejects.toBe(fault);
    const nobody = service.resolve({ kind: 'source', source: 'nobody' }, app, '1');
    await expect(nobody).rejects.toMatchObject({ code: 'internal', message: 'no trust source is called nobody' });
  });
});

describe('a digest of TUF 1.0', () => {
  const target = `${NAME}@${A}`;

  test('has a name of its own', async () => {
    signed.set(target, A);
    expect(await service.resolveDigest(approvals, app, A)).toMatchObject({ outcome: 'signed', digest: A });
    expect(asked.map(({ question }) => question)).toEqual([{ kind: 'target', target }]);
  });

  test('that nobody signed is refused as that', async () => {
    expect(await service.resolveDigest(approvals, app, A)).toMatchObject({
      outcome: 'refused',
      reason: 'trust.unsigned',
    });
  });

  test('whose name stands for another digest is refused', async () => {
    signed.set(target, B);
    const { message, ...verdict } = await service.resolveDigest(approvals, app, A);
    const { root, versions, expires } = basis;
    expect(verdict).toEqual({
      source: 'approvals',
      kind: 'tuf',
      outcome: 'refused',
      reason: 'trust.wrong-name',
      roles: [],
      signers: [],
      root,
      versions,
      expires,
    });
    expect(message).toContain(`approvals signed another digest under the name of ${A}`);
  });
});

describe('a digest of Notary', () => {
  test('is signed when a tag that names it says so', async () => {
    current = [named('1'), named('2')];
    signed.set('1', B).set('2', A);
    expect(await service.resolveDigest(vendor, app, A)).toMatchObject({ outcome: 'signed', digest: A });
    expect(asked[0]).toEqual({ of: `vendor ${NAME}`, question: [A] });
  });

  test('that the first tag names needs no second', async () => {
    current = [named('1'), named('2')];
    signed.set('1', A);
    await service.resolveDigest(vendor, app, A);
    expect(asked.map(({ question }) => question)).not.toContainEqual(expect.objectContaining({ tag: '2' }));
  });

  test('is not what a tag named once', async () => {
    past = [{ ...named('1'), until: 5 }];
    signed.set('1', A);
    const { reason, message } = await service.resolveDigest(vendor, app, A);
    expect(reason).toBe('trust.unsigned');
    expect(message).toContain(`vendor signs no tag of ${NAME} with this digest`);
  });

  test('is refused as the last tag was, or as unsigned where that names another', async () => {
    current = [named('1')];
    signed.set('1', 'trust.expired');
    expect((await service.resolveDigest(vendor, app, A)).reason).toBe('trust.expired');
    signed.set('1', B);
    expect((await service.resolveDigest(vendor, app, A)).reason).toBe('trust.unsigned');
  });

  test('is asked of 32 tags at most', async () => {
    current = Array.from({ length: 40 }, (_, i) => named(`${i}`));
    await service.resolveDigest(vendor, app, A);
    expect(asked.filter(({ question }) => 'tag' in (question as object))).toHaveLength(32);
  });
});

describe('statements', () => {
  test('are those of today, then those that ended', async () => {
    current = [named('1')];
    past = [{ ...named('2'), until: 5 }];
    expect(await service.statements('vendor', app, [A])).toEqual([named('1'), { ...named('2'), until: 5 }]);
    expect(asked).toEqual([
      { of: `vendor ${NAME}`, question: [A] },
      { of: `vendor ${NAME}`, question: [A] },
    ]);
  });

  test('of TUF 1.0 are those about this repository, by tag', async () => {
    current = [named(`${NAME}:1`), named('reg.example/acme/other:1'), named(`${NAME}@${A}`)];
    past = [{ ...named(`${NAME}:0`), until: 5 }];
    const found = await service.statements('approvals', app, [A]);
    expect(found.map(({ tag, until }) => [tag, until])).toEqual([
      ['1', undefined],
      ['0', 5],
    ]);
  });

  test('that ended are known although the source is away; faults of our own are thrown', async () => {
    current = down;
    past = [{ ...named('2'), until: 5 }];
    expect(await service.statements('vendor', app, [A])).toEqual(past);
    expect(await service.statements('approvals', app, [A])).toEqual([]);
    current = fault;
    await expect(service.statements('vendor', app, [A])).rejects.toBe(fault);
  });
});

describe('removals', () => {
  test('are asked for by the names that are signed, and told by tag', async () => {
    removed = new Map([['1', 5]]);
    expect(await service.removals('vendor', app, ['1', '2'])).toEqual(removed);
    removed = new Map([[`${NAME}:1`, 7]]);
    expect(await service.removals('approvals', app, ['1', '2'])).toEqual(new Map([['1', 7]]));
    expect(asked).toEqual([
      { of: `vendor ${NAME}`, question: ['1', '2'] },
      { of: 'approvals *', question: [`${NAME}:1`, `${NAME}:2`] },
    ]);
  });
});

describe('tags', () => {
  test('are the names of a collection of Notary', async () => {
    names = ['1', '2'];
    expect(await service.tags('vendor', app)).toEqual(['1', '2']);
    expect(asked).toEqual([{ of: `vendor ${NAME}`, question: '' }]);
  });

  test('of TUF 1.0 are the names of this repository, once a search has come by the roles that speak for it', async () => {
    names = [`${NAME}:1`, `${NAME}:2`, 'reg.example/acme/application:3'];
    expect(await service.tags('approvals', app)).toEqual(['1', '2']);
    expect(asked).toEqual([
      { of: 'approvals *', question: { kind: 'target', target: `${NAME}:latest` } },
      { of: 'approvals *', question: `${NAME}:` },
    ]);
  });

  test('are none when the source is away; faults of our own are thrown', async () => {
    names = down;
    expect(await service.tags('vendor', app)).toEqual([]);
    names = fault;
    await expect(service.tags('vendor', app)).rejects.toBe(fault);
  });
});
