import { blobStoreContract } from '../../test/contract/blob-store.ts';
import { MemoryBlobStore } from './memory-blob-store.ts';

blobStoreContract('in memory', (limits) => Promise.resolve(new MemoryBlobStore(limits)));
