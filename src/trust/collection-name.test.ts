import { describe, expect, it } from 'vitest';
import type { NotaryConfig, Pin, TufConfig } from '../config/config.ts';
import { collectionKey, collectionFor, filled, gunOf, pinFor } from './collection-name.ts';

const keys = (gun: string, prefix: boolean): Pin => ({
  gun,
  prefix,
  anchor: { kind: 'keys', keyIds: ['a'.repeat(64)] },
});
const nginx = { registry: 'docker.io', path: 'library/nginx' };

describe('the name of a collection', () => {
  it('is registry and repository', () => {
    expect(gunOf({ gun: '{registry}/{repository}' }, nginx)).toBe('docker.io/library/nginx');
    expect(gunOf({ gun: 'corp/{repository}' }, nginx)).toBe('corp/library/nginx');
  });

  it('is one for all repositories in TUF 1.0', () => {
    expect(collectionFor({ kind: 'tuf' } as TufConfig, nginx)).toBe('*');
    expect(collectionFor({ kind: 'notary', gun: 'corp/{repository}' } as NotaryConfig, nginx)).toBe(
      'corp/library/nginx',
    );
  });

  it('takes names as they are: neither a placeholder nor a pattern in one means anything', () => {
    const odd = { registry: '{repository}$&', path: 'app' };
    expect(filled('{registry}/{repository}:{tag}', odd)).toBe('{repository}$&/app:{tag}');
  });
});

describe('the pin that holds', () => {
  const pins = [keys('docker.io', true), keys('docker.io/library', true), keys('docker.io/library/nginx', false)];
  const gunOfPin = (gun: string, among: readonly Pin[]): string | undefined =>
    pinFor({ kind: 'notary', pins: among }, gun)?.gun;

  it('is the exact one, then the longest one above, in whatever order they stand', () => {
    for (const among of [pins, pins.toReversed()]) {
      expect(gunOfPin('docker.io/library/nginx', among)).toBe('docker.io/library/nginx');
      expect(gunOfPin('docker.io/library/redis', among)).toBe('docker.io/library');
      expect(gunOfPin('docker.io/acme/app', among)).toBe('docker.io');
    }
  });

  it('never covers a name that only begins with the same letters', () => {
    expect(gunOfPin('docker.io/library2/nginx', pins.slice(1))).toBeUndefined();
    expect(gunOfPin('docker.io.evil.example/x', pins)).toBeUndefined();
    expect(gunOfPin('docker.io/library/nginx/extra', pins.slice(2))).toBeUndefined();
  });

  it('covers what is below a prefix, not the prefix itself', () => {
    expect(gunOfPin('docker.io/library', [keys('docker.io/library', true)])).toBeUndefined();
  });

  it('is the exact one although a prefix has the same name, and the first of two', () => {
    const [prefix, exact] = [keys('docker.io/acme', true), keys('docker.io/acme', false)];
    expect(pinFor({ kind: 'notary', pins: [prefix, exact] }, 'docker.io/acme')).toBe(exact);
    expect(pinFor({ kind: 'notary', pins: [exact, prefix] }, 'docker.io/acme/app')).toBe(prefix);
    const twin = keys('docker.io/acme', true);
    expect(pinFor({ kind: 'notary', pins: [prefix, twin] }, 'docker.io/acme/app')).toBe(prefix);
  });

  it('is the root file of a TUF 1.0 source', () => {
    const root = { kind: 'root-file', file: 'root.json', bytes: Buffer.from('root') } as const;
    expect(pinFor({ kind: 'tuf', root }, '*')).toEqual({ gun: '*', prefix: false, anchor: root });
  });

  it('is case-sensitive', () => {
    expect(gunOfPin('docker.io/Acme/app', [keys('docker.io/acme/app', false)])).toBeUndefined();
  });
});

it('two collections never have one key, whatever their names join to', () => {
  expect(collectionKey({ source: 'a', gun: 'b/c' })).toBe('a\nb/c');
  expect(collectionKey({ source: 'a', gun: 'bc' })).not.toBe(collectionKey({ source: 'ab', gun: 'c' }));
});
