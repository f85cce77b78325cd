import { blobStoreContract } from '../../test/contract/blob-store.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';

blobStoreContract('in memory', (options) => {
  const store = new MemoryBlobStore(options, options);
  return Promise.resolve({
    store,
    tamper: (digest, bytes) => {
      store.put(digest, bytes);
      store.changed.add(digest);
      return Promise.resolve();
    },
    quarantined: () => Promise.resolve(store.quarantined),
  });
});
