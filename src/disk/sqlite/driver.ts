import type { default as Driver } from 'better-sqlite3';

/**
 * better-sqlite3 in the line that this Node.js can run; everything else imports its types only.
 *
 * Line 12 is torn down by the garbage collector through a hook that Node.js has had since 24.19, and which aborts the process
 * when no context is entered, as in an idle collection. Line 13 speaks Node-API 10, which came with 22.14: before that, opening a
 * database with it is a segmentation fault. Neither alone runs on all that `engines` promises.
 */
export const lineFor = (nodeApi: number): string => (nodeApi >= 10 ? 'better-sqlite3-13' : 'better-sqlite3');

const { default: Database } = (await import(lineFor(Number(process.versions['napi'])))) as { default: typeof Driver };
export { Database };
