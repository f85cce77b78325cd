import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/**
 * Holds the import directions: main → compose → {server, cli, adapters}; server, cli → pull → {policy, trust, verify,
 * upstream, ports} → oci, json, errors. A part is a folder of `src`, or the file itself; ports and types that all parts
 * meet on are parts of their own. Prints the line that breaks an edge.
 */
const SRC = fileURLToPath(new URL('../src', import.meta.url));
const TEST = fileURLToPath(new URL('.', import.meta.url));

/** What each part may import besides itself. Longer names win: `trust/tuf` is not `trust`. */
const MAY: Record<string, readonly string[]> = {
  'errors.ts': [],
  json: ['errors.ts'],
  oci: ['errors.ts', 'json'],
  text: [],
  'back-off.ts': [],
  disk: ['node', 'better-sqlite3'],
  'config/config.ts': [],
  'policy/decision.ts': ['errors.ts', 'oci'],
  policy: ['errors.ts', 'oci', 'config/config.ts', 'policy/decision.ts'],
  'trust/tuf': ['errors.ts', 'oci', 'json', 'noble'],
  'state/store.ts': ['oci', 'policy/decision.ts'],
  'cache/blob-store.ts': ['oci'],
  'upstream/registry.ts': ['oci', 'node'],
  verify: ['errors.ts', 'oci', 'cache/blob-store.ts', 'upstream/registry.ts', 'node'],
  config: ['disk', 'errors.ts', 'oci', 'config/config.ts', 'policy', 'node', 'yaml'],
  upstream: ['errors.ts', 'back-off.ts', 'json', 'oci', 'config/config.ts', 'upstream/registry.ts', 'node', 'undici'],
  trust: [
    'errors.ts',
    'oci',
    'config/config.ts',
    'policy/decision.ts',
    'state/store.ts',
    'trust/tuf',
    'upstream',
    'node',
    'x509',
  ],
  // The far side of the thread puts itself together, as compose.ts does for the rest.
  'trust/worker': ['errors.ts', 'oci', 'state', 'state/store.ts', 'trust', 'trust/tuf', 'node'],
  lifeboat: ['text', 'disk', 'errors.ts', 'json', 'oci', 'trust', 'trust/tuf', 'upstream', 'node'],
  cache: ['disk', 'errors.ts', 'oci', 'cache/blob-store.ts', 'node', 'better-sqlite3'],
  'state/decision-key.ts': ['errors.ts', 'oci', 'policy/decision.ts', 'state/store.ts', 'node'],
  state: [
    'state/decision-key.ts',
    'errors.ts',
    'oci',
    'policy/decision.ts',
    'state/store.ts',
    'disk',
    'node',
    'better-sqlite3',
  ],
  pull: [
    'errors.ts',
    'back-off.ts',
    'json',
    'oci',
    'config/config.ts',
    'policy',
    'policy/decision.ts',
    'trust',
    'verify',
    'upstream/registry.ts',
    'cache/blob-store.ts',
    'state/store.ts',
    'state/decision-key.ts',
    'telemetry/logger.ts',
    'node',
  ],
  // What a person sees before approving, and where lists of images come from: these sign nothing.
  'approvals/inspect': [
    'errors.ts',
    'json',
    'oci',
    'text',
    'config/config.ts',
    'policy/decision.ts',
    'trust',
    'trust/tuf',
    'upstream',
    'upstream/registry.ts',
    'verify',
    'node',
  ],
  'approvals/lists': [
    'errors.ts',
    'json',
    'oci',
    'text',
    'config/config.ts',
    'policy',
    'policy/decision.ts',
    'state/store.ts',
  ],
  'telemetry/logger.ts': ['errors.ts', 'pino'],
  telemetry: [
    'telemetry/logger.ts',
    'upstream',
    'errors.ts',
    'config/config.ts',
    'policy/decision.ts',
    'state/store.ts',
    'trust',
    'node',
    'pino',
    'prom-client',
  ],
  // What is signed is judged by the trust core that will read it.
  'approvals/document': ['text', 'errors.ts', 'json', 'oci', 'trust/tuf'],
  'approvals/standing': ['errors.ts', 'approvals/document', 'trust', 'trust/tuf'],
  'approvals/edit': [
    'text',
    'errors.ts',
    'oci',
    'config/config.ts',
    'approvals/document',
    'approvals/standing',
    'trust/tuf',
  ],
  'approvals/proposal': [
    'text',
    'errors.ts',
    'json',
    'oci',
    'config/config.ts',
    'approvals/document',
    'approvals/standing',
    'approvals/edit',
    'trust',
    'trust/tuf',
    'node',
  ],
  'approvals/keys': ['disk', 'errors.ts', 'json', 'approvals/document', 'trust', 'trust/tuf', 'node'],
  'approvals/publish': [
    'disk',
    'errors.ts',
    'config/config.ts',
    'approvals/document',
    'approvals/standing',
    'approvals/edit',
    'approvals/proposal',
    'approvals/keys',
    'trust',
    'trust/tuf',
    'node',
  ],
  server: ['errors.ts', 'oci', 'config/config.ts', 'policy/decision.ts', 'pull', 'node', 'hono'],
  simulator: [
    'errors.ts',
    'json',
    'oci',
    'cache',
    'cache/blob-store.ts',
    'trust',
    'trust/tuf',
    'state/store.ts',
    'node',
  ],
  cli: ['*'],
  'compose.ts': ['*'],
  compose: ['*'],
  'main.ts': ['cli'],
};

const PACKAGES: readonly (readonly [RegExp, string])[] = [
  [/^@noble\//, 'noble'],
  [/^@?hono(\/|$)/, 'hono'],
  [/^node:/, 'node'],
  [/^pino(-pretty)?$/, 'pino'],
];

/** Only the composition root and the commands may reach these; a pure part that does is not pure. */
const IMPURE = /\b(Date\.now|new Date\(\)|Math\.random|process\.env|performance\.now|setTimeout|setInterval)\b/;
const PURE = [
  'back-off.ts',
  'approvals/document',
  'approvals/edit',
  'json',
  'oci',
  'text',
  'approvals/lists',
  'policy',
  'policy/decision.ts',
  'trust/tuf',
  'config/config.ts',
];

function typescript(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return typescript(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function sources(folder: string): string[] {
  return typescript(folder).filter((path) => !path.endsWith('.test.ts'));
}

function partOf(file: string): string {
  const path = relative(SRC, file);
  const parts = Object.keys(MAY).filter((part) => path === part || path.startsWith(`${part}/`));
  return parts.sort((a, b) => b.length - a.length)[0] ?? path;
}

function targetOf(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return partOf(resolve(dirname(file), specifier));
  return PACKAGES.find(([pattern]) => pattern.test(specifier))?.[1] ?? specifier;
}

const imports = /^\s*(?:import|export)\b[^;]*?\bfrom\s+'([^']+)'/gm;

test('imports run one way', () => {
  const broken: string[] = [];
  for (const file of sources(SRC)) {
    const part = partOf(file);
    const may = MAY[part];
    if (may === undefined) broken.push(`${relative(SRC, file)}: no place in the house; give it one in MAY`);
    if (may === undefined || may.includes('*')) continue;
    for (const [line, specifier = ''] of readFileSync(file, 'utf8').matchAll(imports)) {
      const target = targetOf(file, specifier);
      if (target !== part && !may.includes(target)) broken.push(`${relative(SRC, file)}: ${line.trim()}`);
    }
  }
  expect(broken).toEqual([]);
});

test('the pure parts know no clock, no randomness, no environment, no platform', () => {
  const broken: string[] = [];
  for (const file of sources(SRC)) {
    if (!PURE.includes(partOf(file))) continue;
    readFileSync(file, 'utf8')
      .split('\n')
      .forEach((line, i) => {
        if (IMPURE.test(line)) broken.push(`${relative(SRC, file)}:${i + 1}: ${line.trim()}`);
      });
  }
  expect(broken).toEqual([]);
});

test('one file loads better-sqlite3: the wrong line of it ends the process', () => {
  const loads = /^import (?!type )[^;]*from 'better-sqlite3(?:-13)?'/m;
  const loaders = [...typescript(SRC), ...typescript(TEST)].filter((file) => loads.test(readFileSync(file, 'utf8')));
  expect(loaders.map((file) => relative(SRC, file))).toEqual([]);
});

test('simulators are for tests and the demo only', () => {
  const users = sources(SRC).filter((file) => /from '[^']*\/simulator\//.test(readFileSync(file, 'utf8')));
  expect(users.map((file) => relative(SRC, file)).filter((file) => !/^(simulator|cli)\//.test(file))).toEqual([]);
});
