/** The worker of large collections, from the sources as they are. */
import { register } from 'node:module';

register('./load-typescript.js', import.meta.url);
await import('../../src/trust/worker/entry.ts');
