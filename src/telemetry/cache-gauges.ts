import { Counter, Gauge, type Registry } from 'prom-client';

export interface CacheFigures {
  readonly blobs: number;
  /** As `du --apparent-size` counts the files of blobs, and as `du` does. */
  readonly bytes: number;
  readonly allocated: number;
  readonly temporaryBytes: number;
  readonly quarantined: { readonly files: number; readonly bytes: number };
  /** Since the start. */
  readonly evicted: { readonly blobs: number; readonly bytes: number };
}

/** What is in the cache's folder. @returns what sets it all */
export function cacheGauges(registry: Registry): (figures: CacheFigures) => void {
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `tufgate_cache_${name}`, help, registers: [registry] });
  const bytes = gauge(
    'bytes',
    'Bytes kept in the cache, as du --apparent-size counts them; cache.max_size is about these.',
  );
  const disk = gauge('disk_bytes', 'Bytes of disk that what is kept takes, as du counts them.');
  const blobs = gauge('blobs', 'Blobs and manifests kept in the cache.');
  const temporary = gauge('temporary_bytes', 'Bytes of blobs that are being fetched.');
  const quarantined = gauge('quarantined', 'Damaged files that are kept apart.');
  const quarantinedBytes = gauge('quarantined_bytes', 'Bytes of damaged files that are kept apart.');
  const counted = risingCounters(registry);
  return (figures) => {
    bytes.set(figures.bytes);
    disk.set(figures.allocated);
    blobs.set(figures.blobs);
    temporary.set(figures.temporaryBytes);
    quarantined.set(figures.quarantined.files);
    quarantinedBytes.set(figures.quarantined.bytes);
    counted(figures.evicted);
  };
}

/** What the cache has counted itself: a counter takes what was added since. */
function risingCounters(registry: Registry): (evicted: CacheFigures['evicted']) => void {
  const counter = (name: string, help: string): Counter =>
    new Counter({ name: `tufgate_cache_${name}`, help, registers: [registry] });
  const blobs = counter('evicted_blobs_total', 'Blobs evicted for others.');
  const bytes = counter('evicted_bytes_total', 'Bytes evicted for others.');
  let last = { blobs: 0, bytes: 0 };
  return (now) => {
    blobs.inc(now.blobs - last.blobs);
    bytes.inc(now.bytes - last.bytes);
    last = now;
  };
}
