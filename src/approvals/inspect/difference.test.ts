import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../oci/digest.ts';
import { difference } from './difference.ts';
import type { Blob, ImageFacts, PlatformFacts } from './facts.ts';
import { differenceLines } from './render-difference.ts';
import { factsLines } from './render-facts.ts';

const NOW = Date.UTC(2026, 10, 27, 9);
const DAY = 86_400_000;
const digest = (n: number) => parseDigest(`sha256:${n.toString(16).padStart(64, '0')}`);
const layer = (n: number, size = n * 1_000_000): Blob => ({ digest: digest(n), size });
const map = (texts: Record<string, string>): ReadonlyMap<string, string> => new Map(Object.entries(texts));

function platform(over: Partial<PlatformFacts> = {}): PlatformFacts {
  return {
    platform: 'linux/amd64',
    digest: digest(100),
    size: 6_000_000,
    config: layer(900, 10),
    layers: [layer(1), layer(2), layer(3)],
    labels: map({}),
    settings: map({}),
    problems: [],
    ...over,
  };
}

function image(n: number, platforms: readonly PlatformFacts[], over: Partial<ImageFacts> = {}): ImageFacts {
  return {
    repository: { registry: 'docker.io', path: 'library/nginx' },
    tag: '1.27',
    digest: digest(n),
    length: 500,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    brief: false,
    platforms,
    attestations: [],
    left: 0,
    size: 512_300_000,
    created: NOW - 3 * DAY,
    ...over,
  };
}

const lines = (before: PlatformFacts[], after: PlatformFacts[]): readonly string[] =>
  differenceLines(difference(image(1, before), image(2, after)))
    .slice(1)
    .map((line) => line.slice(2));
function without<T extends object>(value: T, member: keyof T): T {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== member)) as T;
}

const other = (over: Partial<PlatformFacts>): PlatformFacts => platform({ digest: digest(101), ...over });

describe('since the last approved digest', () => {
  it('layers are kept, new and gone, with their bytes', () => {
    const after = other({ layers: [layer(1), layer(4), layer(5), layer(4)] });
    expect(lines([platform()], [after])).toEqual(['linux/amd64: 1 layer kept, 2 new (9.0 MB), 2 gone (5.0 MB)']);
    expect(differenceLines(difference(image(1, []), image(2, [])))).toEqual([
      `since the last approved digest ${digest(1)}:`,
    ]);
  });

  it('platforms come and go, each said', () => {
    const arm = platform({ platform: 'linux/arm64', layers: [layer(7)], size: 7_000_000 });
    expect(lines([platform()], [arm])).toEqual(['linux/amd64: no more in it', 'linux/arm64: new, 1 layer, 7.0 MB']);
    expect(lines([platform(), arm], [arm, platform()])).toEqual(['linux/arm64: the same', 'linux/amd64: the same']);
  });

  it('a second entry for one platform does not hide behind the first', () => {
    expect(lines([platform()], [platform(), other({ layers: [layer(9)], size: 9_000_000 })])).toEqual([
      'linux/amd64: new, 1 layer, 9.0 MB',
      'linux/amd64: the same',
    ]);
  });

  it('layers in another order, or once more, are no small thing', () => {
    for (const layers of [
      [layer(2), layer(1), layer(3)],
      [layer(1), layer(2), layer(3), layer(1)],
    ])
      expect(lines([platform()], [other({ layers })])).toEqual(['linux/amd64: 3 layers kept, in another order']);
  });

  it('labels and settings are shown with what they were; what is run first', () => {
    const before = platform({ labels: map({ a: '1', gone: 'x', same: 's' }), settings: map({ User: '"app"' }) });
    const after = other({
      labels: map({ a: '', fresh: 'y', same: 's' }),
      settings: map({ User: '"root"' }),
      config: layer(901, 10),
    });
    expect(lines([before], [after])).toEqual([
      'linux/amd64: 3 layers kept',
      '  setting User: "app" → "root"',
      '  label a: 1 → (empty)',
      '  label fresh: new, y',
      '  label gone: gone, it was x',
    ]);
  });

  it('what changed on each platform alike is told once', () => {
    const on = (name: string, version: string, digestOf = digest(version === '1' ? 100 : 101)) =>
      platform({ platform: name, digest: digestOf, labels: map({ version }) });
    const names = ['linux/amd64', 'linux/arm64'];
    const before = [...names.map((name) => on(name, '1')), on('linux/s390x', '1')];
    const after = [...names.map((name) => on(name, '2')), on('linux/s390x', '1')];
    expect(lines(before, after)).toEqual([
      'linux/amd64: 3 layers kept',
      'linux/arm64: 3 layers kept',
      'linux/s390x: the same',
      'on each of the platforms that changed:',
      '  label version: 1 → 2',
    ]);
    const [, , mixed] = lines(before, [on('linux/amd64', '2'), on('linux/arm64', '3', digest(101))]);
    expect(mixed).toBe('  label version: 1 → 2');
  });

  it('a configuration that changed where nothing is shown is said', () => {
    expect(lines([platform()], [other({ config: layer(901, 10) })])).toEqual([
      'linux/amd64: 3 layers kept, another configuration, with nothing that is shown here changed',
    ]);
  });

  it('a long text is shown where it parts, and many are counted', () => {
    const long = 'x'.repeat(500);
    const [, line] = lines(
      [platform({ settings: map({ Env: `${long}A` }) })],
      [other({ settings: map({ Env: `${long}B` }) })],
    );
    expect(line).toBe(`  setting Env: …${'x'.repeat(20)}A → …${'x'.repeat(20)}B`);
    const labels = map(Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`l${n}`, 'x'])));
    expect(lines([platform()], [other({ labels })]).slice(-2)).toEqual(['  label l7: new, x', '  and 2 more labels']);
  });

  it('an older image says so', () => {
    const [before, after] = [platform({ created: NOW - DAY }), other({ created: NOW - 9 * DAY })];
    expect(lines([before], [after])).toEqual([
      'linux/amd64: 3 layers kept, created 2026-11-26 → 2026-11-18: OLDER than the approved one',
    ]);
    expect(lines([after], [{ ...before, digest: digest(102) }])).toEqual([
      'linux/amd64: 3 layers kept, created 2026-11-18 → 2026-11-26',
    ]);
    expect(lines([platform()], [after])[0]).toContain('created unknown → 2026-11-18');
  });

  it('what was not looked at is not compared', () => {
    const named = without(other({ layers: [] }), 'config');
    expect(lines([platform()], [named])).toEqual([
      'linux/amd64: another manifest, which could not be compared in full',
    ]);
    expect(lines([named], [platform()])).toEqual([
      'linux/amd64: another manifest, which could not be compared in full',
    ]);
  });

  it('the same digest is the same', () => {
    expect(differenceLines(difference(image(1, []), image(1, [])))).toEqual([
      `the same as the last approved digest, ${digest(1)}`,
    ]);
  });
});

describe('what it is', () => {
  it('stands in the first line; each platform, and shared labels, below', () => {
    const label = 'org.opencontainers.image.version';
    const [amd, arm] = [
      platform({ labels: map({ [label]: '1.27.3' }) }),
      platform({ platform: 'linux/arm64', problems: ['odd'] }),
    ];
    const attested = { digest: digest(8), size: 3, predicates: [] };
    expect(factsLines(image(1, [amd, arm], { attestations: [attested], left: 2 }), NOW)).toEqual([
      `docker.io/library/nginx:1.27 is ${digest(1)} (index, 2 platforms, 1 attestation, 512.3 MB, created 3 days ago)`,
      '  linux/amd64: 3 layers, 6.0 MB',
      '  linux/arm64: 3 layers, 6.0 MB; odd',
      '  2 more manifests in it, which nobody looked at',
      `  ${label}: 1.27.3`,
    ]);
    const differs = platform({ labels: map({ [label]: '9' }) });
    expect(factsLines(image(1, [amd, differs]), NOW).at(-1)).toBe(`  ${label}: 1.27.3 (not on all platforms)`);
  });

  it('an image alone, by digest, without an instant', () => {
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const rest = without(without(image(1, [platform()], { mediaType }), 'tag'), 'created');
    expect(factsLines(rest, NOW)[0]).toBe(`docker.io/library/nginx is ${digest(1)} (image, 512.3 MB)`);
  });

  it('an instant that cannot be is said as what it is', () => {
    const first = (created: number) => factsLines(image(1, [], { created }), NOW)[0];
    expect(first(0)).toContain('created at no real date');
    expect(first(NOW + DAY)).toContain('created in the future: 2026-11-28');
  });

  it('briefly, no size is made up', () => {
    const named = without(platform({ layers: [], size: 0 }), 'config');
    expect(factsLines(image(1, [named], { brief: true, size: 0 }), NOW)).toEqual([
      `docker.io/library/nginx:1.27 is ${digest(1)} (index, 1 platform, created 3 days ago)`,
      '  linux/amd64',
    ]);
  });
});
