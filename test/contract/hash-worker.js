/** The thread that hashes, from the sources as they are. */
import { register } from 'node:module';

register('./load-typescript.js', import.meta.url);
await import('../../src/verify/thread/entry.ts');
