/**
 * A module hook: lets a child process or a worker of a test run the sources as they are, also on a Node that cannot strip
 * types. What was translated once is kept, because loading the compiler takes longer than most tests.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const KEPT = new URL('../../node_modules/.cache/tufgate/', import.meta.url);
const VERSION = readFileSync(new URL('../../node_modules/typescript/package.json', import.meta.url));

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const text = readFileSync(fileURLToPath(url), 'utf8');
  const kept = new URL(`${createHash('sha256').update(VERSION).update(text).digest('hex')}.js`, KEPT);
  if (!existsSync(kept)) keep(kept, await translate(text, url));
  return { format: 'module', shortCircuit: true, source: readFileSync(kept, 'utf8') };
}

async function translate(text, fileName) {
  const { default: ts } = await import('typescript');
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(text, { compilerOptions, fileName }).outputText;
}

/** Under another name first: several may do this at once. */
function keep(file, text) {
  mkdirSync(KEPT, { recursive: true });
  const fresh = new URL(`${file.href}.${process.pid}-${performance.now()}`);
  writeFileSync(fresh, text);
  renameSync(fresh, file);
}
