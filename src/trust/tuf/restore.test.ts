import { beforeEach, describe, expect, test } from 'vitest';
import { type NotaryKey, plainKey, rootKey } from '../../simulator/notary-key.ts';
import { contextOf, firstRoot, refresh, type Refreshed, walkRoots } from '../../simulator/notary-refresh.ts';
import { NotaryRepository } from '../../simulator/notary-repository.ts';
import {
  type Anchor,
  lookup,
  restore,
  type Stored,
  type Trusted,
  type TrustFile,
  type View,
  viewFiles,
  viewUnder,
} from './collection.ts';
import { trustFile } from './trusted.ts';
import { TufgateError } from '../../errors.ts';
import { code, message } from '../../../test/thrown.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const GUN = 'docker.io/library/alpine';
const ctx = contextOf(GUN);
const A = `sha256:${'aa'.repeat(32)}`;
let repository: NotaryRepository;

beforeEach(() => {
  repository = new NotaryRepository(GUN, NOW)
    .delegate('targets/releases')
    .sign('1', A, 1, 'targets/releases')
    .publish();
});

/** What the state store would have kept. */
function stored(trusted: Trusted, view?: View): Stored {
  const { anchor, roots, timestamp, snapshot, targets } = trusted;
  const floors = [timestamp, snapshot, ...targets.values()].flatMap((floor) => (floor ? [floor.file] : []));
  return { anchor, roots: roots.map(({ file }) => file), floors, ...(view ? { view: viewFiles(view) } : {}) };
}

const keep = ({ trusted, view }: Refreshed): Stored => stored(trusted, view);
const pinnedTo = (anchor: Anchor, files: Stored): string => code(() => restore(contextOf(GUN, anchor), files));

test('gives back what was stored, and goes on from there', () => {
  const before = refresh(ctx, repository, NOW);
  const { trusted, view } = restore(ctx, keep(before));
  expect(lookup(view!, '1', { releases: 'strict' }, NOW).digest).toBe(A);
  expect(viewFiles(view!)).toEqual(viewFiles(before.view));
  repository.of('timestamp').version = 0;
  expect(code(() => refresh(ctx, repository.publish(), NOW, trusted))).toBe('trust.equal-version');
});

test('a file that is a floor and in the view is parsed once', () => {
  const files = keep(refresh(ctx, repository, NOW));
  const parsed: string[] = [];
  const targets: typeof ctx.format.targets = (name, role, ...rest) => {
    parsed.push(role);
    return ctx.format.targets(name, role, ...rest);
  };
  const { view } = restore({ ...ctx, format: { ...ctx.format, targets } }, files);
  expect(parsed).toEqual(['targets', 'targets/releases']);
  expect(lookup(view!, '1', { releases: 'strict' }, NOW).digest).toBe(A);
});

test('expiry is not judged when restoring, and is when answering', () => {
  const { view } = restore(ctx, keep(refresh(ctx, repository, NOW)));
  expect(code(() => lookup(view!, '1', { releases: 'strict' }, NOW + 30 * DAY))).toBe('trust.expired');
});

test('an unusable delegation is not stored, so it is unusable again, and keeps the tags that it signs from being had', () => {
  repository.of('targets/releases').signers = [plainKey()];
  repository.sign('1', A, 1, 'targets').touch('targets/releases').publish();
  const files = keep(refresh(ctx, repository, NOW));
  expect(files.view?.map(({ role }) => role)).toEqual(['timestamp', 'snapshot', 'targets']);
  const { view } = restore(ctx, files);
  const ask = (): unknown => lookup(view!, '1', { releases: 'strict' }, NOW);
  expect(code(ask)).toBe('trust.signer-missing');
  expect(message(ask)).toBe(
    `targets/releases of ${GUN} could not be used in the last update, and is judged anew by the next`,
  );
});

test('floors hold across a restart, for every role', () => {
  for (const role of ['timestamp', 'snapshot', 'targets', 'targets/releases']) {
    repository.of(role).version = 9;
    const { trusted } = restore(ctx, stored(refresh(ctx, repository.touch(role).publish(), NOW).trusted));
    repository.of(role).version = 3;
    expect(code(() => refresh(ctx, repository.touch(role).publish(), NOW, trusted))).toBe('trust.rollback');
    repository.of(role).version = 20;
    repository.touch(role).publish();
  }
});

describe('damage', () => {
  const roles = ['root', 'timestamp', 'snapshot', 'targets', 'targets/releases'];
  const change = (files: readonly TrustFile[], role: string, to: (file: TrustFile) => TrustFile): TrustFile[] =>
    files.map((file) => (file.role === role ? to(file) : file));
  const flipped = (file: TrustFile): TrustFile => {
    const bytes = Uint8Array.from(file.bytes);
    bytes[50] = (bytes[50] ?? 0) ^ 1;
    return { ...file, bytes };
  };

  test.each(roles)('one changed byte of %s is found', (role) => {
    const files = keep(refresh(ctx, repository, NOW));
    if (role === 'root') {
      expect(code(() => restore(ctx, { ...files, roots: change(files.roots, role, flipped) }))).toBe('state.damaged');
      return;
    }
    expect(code(() => restore(ctx, { ...files, floors: change(files.floors, role, flipped) }))).toBe('state.damaged');
    expect(code(() => restore(ctx, { ...files, view: change(files.view ?? [], role, flipped) }))).toBe('state.damaged');
  });

  test.each(['root', 'timestamp', 'snapshot', 'targets'])('a forged %s with the right hash is found', (role) => {
    const files = keep(refresh(ctx, repository, NOW));
    const forger = new NotaryRepository(GUN, NOW).delegate('targets/releases').publish();
    const bytes = forger.bytesOf(role);
    const forge = (): TrustFile => {
      const { trusted } = refresh(ctx, forger, NOW);
      const all = [...stored(trusted).roots, ...stored(trusted).floors];
      return all.find((file) => file.role === role) ?? { role, version: 1, sha256: '', bytes };
    };
    const forged =
      role === 'root'
        ? { ...files, roots: change(files.roots, role, forge) }
        : { ...files, floors: change(files.floors, role, forge) };
    expect(code(() => restore(ctx, forged))).toBe('state.damaged');
  });

  test('a version that is not the file’s own, a missing file, an empty chain', () => {
    const files = keep(refresh(ctx, repository, NOW));
    const padded = change(files.floors, 'targets', (file) => ({
      ...file,
      bytes: Buffer.concat([file.bytes, Buffer.from(' ')]),
    }));
    expect(code(() => restore(ctx, { ...files, floors: padded }))).toBe('state.damaged');
    const raised = change(files.floors, 'timestamp', (file) => ({ ...file, version: 99 }));
    expect(code(() => restore(ctx, { ...files, floors: raised }))).toBe('state.damaged');
    for (const role of ['timestamp', 'snapshot', 'targets'])
      expect(code(() => restore(ctx, { ...files, view: files.view?.filter((file) => file.role !== role) ?? [] }))).toBe(
        'state.damaged',
      );
    expect(code(() => restore(ctx, { ...files, roots: [] }))).toBe('trust.pin');
  });
});

describe('a disk that somebody wrote to', () => {
  const asPublished = (role: string): TrustFile =>
    trustFile(role, repository.of(role).version, repository.bytesOf(role));

  test('cannot make a delegation believed that a stranger signed', () => {
    repository.of('targets/releases').signers = [plainKey()];
    const files = keep(refresh(ctx, repository.touch('targets/releases').publish(), NOW));
    const { view } = restore(ctx, { ...files, view: [...(files.view ?? []), asPublished('targets/releases')] });
    expect(code(() => lookup(view!, '1', { releases: 'strict' }, NOW))).toBe('trust.signature');
  });

  test('cannot make targets believed that a stranger signed', () => {
    const files = keep(refresh(ctx, repository, NOW));
    repository.of('targets').signers = [plainKey()];
    repository.touch('targets').publish();
    const view = ['timestamp', 'snapshot', 'targets', 'targets/releases'].map(asPublished);
    expect(code(() => restore(ctx, { ...files, view }))).toBe('state.damaged');
  });
});

test.each([new Error('a fault'), new TufgateError('internal', 'a fault')])(
  'a fault of our own is not taken for damage: %s',
  (fault) => {
    const files = keep(refresh(ctx, repository, NOW));
    const snapshot = (): never => {
      throw fault;
    };
    expect(() => restore({ ...ctx, format: { ...ctx.format, snapshot } }, files)).toThrow(fault);
  },
);

describe('pins that came later', () => {
  test('hold for what is already stored', () => {
    const files = keep(refresh(ctx, repository, NOW));
    const key = repository.of('root').keys[0]!.keyId;
    expect(pinnedTo({ kind: 'keys', keyIds: ['0'.repeat(64)] }, files)).toBe('trust.pin');
    expect(pinnedTo({ kind: 'keys', keyIds: [key] }, files)).toBe('accepted');
    expect(pinnedTo({ kind: 'root-file', bytes: files.roots[0]!.bytes }, files)).toBe('accepted');
    const other = { kind: 'root-file', bytes: new NotaryRepository(GUN, NOW).publish().bytesOf('root') } as const;
    expect(pinnedTo(other, files)).toBe('trust.pin');
    expect(message(() => restore(contextOf(GUN, other), files))).toBe(
      `the pin for ${GUN} does not cover the root that was trusted before`,
    );
  });

  test('need not cover roots long superseded, but must cover the newest', () => {
    const [old] = repository.of('root').keys;
    const next = rootKey(GUN, NOW);
    const files = keep(refresh(ctx, repository.rotate('root', [next]).publish(), NOW));
    const outdated = { kind: 'keys', keyIds: [old!.keyId] } as const;
    expect(pinnedTo(outdated, files)).toBe('trust.pin');
    expect(message(() => restore(contextOf(GUN, outdated), files))).toContain(
      `root version 2 of ${GUN}: key ${next.keyId} is not covered by the pin`,
    );
    const { trusted } = restore(contextOf(GUN, { kind: 'keys', keyIds: [next.keyId] }), files);
    expect(trusted.roots.map(({ model }) => model.version)).toEqual([2]);
    expect(trusted.anchor).toBe('keys');
    expect(pinnedTo({ kind: 'root-file', bytes: files.roots[1]!.bytes }, files)).toBe('accepted');
  });

  test('begin the chain behind the last root that they do not cover', () => {
    const [first, second, third] = [repository.of('root').keys[0]!, rootKey(GUN, NOW), rootKey(GUN, NOW)];
    repository.rotate('root', [second]).publish().rotate('root', [third]).publish();
    const files = keep(refresh(ctx, repository, NOW));
    const left = (anchor: Anchor): number[] =>
      restore(contextOf(GUN, anchor), files).trusted.roots.map(({ model }) => model.version);
    const keys = (...of: NotaryKey[]): Anchor => ({ kind: 'keys', keyIds: of.map(({ keyId }) => keyId) });
    expect(left(keys(first, second, third))).toEqual([1, 2, 3]);
    expect(left(keys(second, third))).toEqual([2, 3]);
    expect(left(keys(first, third))).toEqual([3]);
    expect(left({ kind: 'root-file', bytes: files.roots[1]!.bytes })).toEqual([2, 3]);
  });

  test('do not pass over an older root that is damaged', () => {
    const next = rootKey(GUN, NOW);
    const files = keep(refresh(ctx, repository.rotate('root', [next]).publish(), NOW));
    const forger = new NotaryRepository(GUN, NOW);
    forger.of('root').signers = [rootKey(GUN, NOW)];
    const roots = [trustFile('root', 1, forger.publish().bytesOf('root')), files.roots[1]!];
    const cause: unknown = expect.objectContaining({ code: 'trust.signature' });
    expect(() => restore(contextOf(GUN, { kind: 'keys', keyIds: [next.keyId] }), { ...files, roots })).toThrow(
      expect.objectContaining({ code: 'state.damaged', cause }),
    );
  });

  test('that cut the chain in two do not hide a fault of our own', () => {
    const before = refresh(ctx, repository, NOW);
    const next = rootKey(GUN, NOW);
    const files = stored(walkRoots(ctx, repository.rotate('root', [next]).publish(), before.trusted), before.view);
    const pinned = contextOf(GUN, { kind: 'keys', keyIds: [next.keyId] });
    const snapshot = (): never => {
      throw new TufgateError('internal', 'a fault');
    };
    const broken = { ...pinned, format: { ...pinned.format, snapshot } };
    expect(code(() => restore(broken, { ...files, floors: [] }))).toBe('internal');
  });

  test.each([
    ['the view fell with the roots before it', [] as string[]],
    ['floors under them alone are left to recovery', ['timestamp', 'snapshot', 'targets']],
  ])('that cut the chain in two damage nothing: %s', (_, rotated) => {
    const before = refresh(ctx, repository, NOW);
    const next = rootKey(GUN, NOW);
    for (const role of rotated) repository.rotate(role);
    const ahead = walkRoots(ctx, repository.rotate('root', [next]).publish(), before.trusted);
    const { trusted, view } = restore(
      contextOf(GUN, { kind: 'keys', keyIds: [next.keyId] }),
      stored(ahead, before.view),
    );
    expect(view).toBeUndefined();
    expect([...trusted.targets.keys(), trusted.timestamp?.file.role, trusted.snapshot?.file.role]).toHaveLength(4);
    const after = refresh(ctx, repository, NOW, trusted);
    expect(after.forgotten).toEqual(rotated);
    expect(lookup(after.view, '1', { releases: 'strict' }, NOW).digest).toBe(A);
  });

  test('a pin that was taken away leaves its anchor', () => {
    const bytes = repository.bytesOf('root');
    const files = keep(refresh(contextOf(GUN, { kind: 'root-file', bytes }), repository, NOW));
    expect(restore(ctx, files).trusted.anchor).toBe('root-file');
  });

  test('what was stored for one collection is nothing for another', () => {
    const files = keep(refresh(ctx, repository, NOW));
    expect(code(() => restore(contextOf('docker.io/library/nginx'), files))).toBe('trust.wrong-name');
  });
});

describe('roots that are newer than the rest', () => {
  test('a view that still verifies under the newest root stays', () => {
    const before = refresh(ctx, repository, NOW);
    const ahead = walkRoots(ctx, repository.touch('root').publish(), before.trusted);
    expect(restore(ctx, stored(ahead, before.view)).view?.root.model.version).toBe(2);
    expect(viewUnder(ctx, ahead, before.view)?.root.model.version).toBe(2);
  });

  test.each(['timestamp', 'snapshot', 'targets'])('a view whose %s key was rotated away goes', (role) => {
    const before = refresh(ctx, repository, NOW);
    const ahead = walkRoots(ctx, repository.rotate(role).publish(), before.trusted);
    expect(restore(ctx, stored(ahead, before.view)).view).toBeUndefined();
    expect(viewUnder(ctx, ahead, before.view)).toBeUndefined();
  });

  test('a floor under an older root stays until recovery judges it', () => {
    const before = refresh(ctx, repository, NOW);
    const ahead = walkRoots(ctx, repository.rotate('timestamp').publish(), before.trusted);
    const { trusted } = restore(ctx, stored(ahead));
    expect(trusted.timestamp).toBeDefined();
    expect(refresh(ctx, repository, NOW, trusted).forgotten).toEqual(['timestamp', 'snapshot']);
  });

  test('nothing but a chain is a state too', () => {
    const { trusted, view } = restore(ctx, stored(firstRoot(ctx, repository)));
    expect(view).toBeUndefined();
    expect(code(() => refresh(ctx, repository, NOW, trusted))).toBe('accepted');
  });
});
