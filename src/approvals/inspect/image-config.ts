import { type Json, JsonError, type JsonObject, readJson } from '../../json/read.ts';
import { platformName } from '../../oci/platform.ts';
import { visibleStart } from '../../text/visible.ts';
import { parseInstant } from '../../trust/tuf/format/instant.ts';

/** What an image configuration says (image-spec "Image Configuration"): its publisher's word, made fit to be shown. */
export interface ImageConfig {
  /** `linux/amd64` */
  readonly platform?: string;
  /** Epoch milliseconds. */
  readonly created?: number;
  readonly labels: ReadonlyMap<string, string>;
  /** What is run, by whom and with what: `User`, `Entrypoint`, `Env`, … as JSON. Members without a value are left out. */
  readonly settings: ReadonlyMap<string, string>;
  /** What could not be read, in words. */
  readonly problems: readonly string[];
}

const LIMITS = { depth: 32, values: 200_000, integersOnly: false };
const MAX_LABELS = 200;
const MAX_NAME = 200;
/** Two texts that differ only behind this look alike: the digest of the configuration tells that something changed. */
const MAX_VALUE = 4_096;
const SETTINGS = [
  'User',
  'Entrypoint',
  'Cmd',
  'WorkingDir',
  'Env',
  'ExposedPorts',
  'Volumes',
  'Healthcheck',
  'Shell',
  'StopSignal',
  'OnBuild',
] as const;

/**
 * Any bytes give an answer: an image whose configuration nobody can read is shown as that.
 *
 * The attack: a label that clears the screen, or that draws a line of its own saying "signed by". Names and values are
 * bounded and written out here, once, so that no reader of the facts can forget to.
 */
export function readImageConfig(bytes: Uint8Array): ImageConfig {
  const tree = parsed(bytes);
  if (!(tree instanceof Map)) return unknownConfig('its configuration is not a JSON object that can be read');
  const object = tree as JsonObject;
  const problems: string[] = [];
  const platform = platformName(tree);
  const created = instant(object.get('created'), problems);
  const inner = object.get('config');
  const run: JsonObject = inner instanceof Map ? (inner as JsonObject) : new Map<string, Json>();
  return {
    ...(platform !== undefined && { platform }),
    ...(created !== undefined && { created }),
    labels: labels(run.get('Labels'), problems),
    settings: settings(run),
    problems,
  };
}

export function unknownConfig(...problems: readonly string[]): ImageConfig {
  return { labels: new Map(), settings: new Map(), problems };
}

function parsed(bytes: Uint8Array): Json {
  try {
    return readJson(bytes, LIMITS);
  } catch (error) {
    if (error instanceof JsonError) return null;
    throw error;
  }
}

function instant(value: Json | undefined, problems: string[]): number | undefined {
  if (value === undefined || value === null) return undefined;
  const at = typeof value === 'string' ? parseInstant(value) : undefined;
  if (at === undefined) problems.push('its configuration does not say when it was created in a way that can be read');
  return at;
}

function labels(value: Json | undefined, problems: string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (!(value instanceof Map)) return found;
  const all = value as JsonObject;
  for (const [name, text] of all) {
    if (found.size === MAX_LABELS) break;
    if (typeof text === 'string') found.set(visibleStart(name, MAX_NAME), visibleStart(text, MAX_VALUE));
  }
  if (found.size < all.size) problems.push(`${all.size - found.size} of its ${all.size} labels are not shown`);
  return found;
}

function settings(run: JsonObject): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of SETTINGS) {
    const value = run.get(name);
    if (value === undefined || value === null || value === '') continue;
    const text = JSON.stringify(value, plain);
    found.set(name, visibleStart(text, MAX_VALUE));
  }
  return found;
}

function plain(_: string, value: unknown): unknown {
  return value instanceof Map ? Object.fromEntries(value as ReadonlyMap<string, unknown>) : value;
}
