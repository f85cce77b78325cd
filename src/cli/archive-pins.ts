import type { Config, NotaryConfig } from '../config/config.ts';
import { pinFor } from '../trust/collection-name.ts';
import type { ReadOptions } from '../lifeboat/read-archive.ts';

/** The pins of all configured Notary sources, by GUN: what an organisation has pinned is not imported under less. */
export function capturedPin({ trust }: Config): NonNullable<ReadOptions['pin']> {
  const sources = [...trust.values()].filter((source): source is NotaryConfig => source.kind === 'notary');
  return (gun) => {
    for (const source of sources) {
      const pin = pinFor(source, gun);
      if (pin !== undefined) return pin.anchor;
    }
    return undefined;
  };
}
