import { existsSync } from 'node:fs';
import type { Config, NotaryConfig, PeerConfig } from '../config/config.ts';
import { isLoopback } from '../config/address.ts';
import { DEFAULT_FILE } from '../config/load.ts';
import { TufgateError } from '../errors.ts';
import type { CaptureTask } from '../lifeboat/capture-collection.ts';
import { pinFor } from '../trust/collection-name.ts';
import type { CommandContext } from './context.ts';
import { pinWordsFor } from './coverage.ts';

/** As they were typed. */
export interface CaptureFlags {
  readonly url?: string;
  readonly source?: string;
  readonly ca?: string;
  readonly fromList?: string;
  /** `notary-archive` when absent. */
  readonly to?: string;
  readonly again?: boolean;
  readonly concurrency?: string;
  /** Milliseconds. */
  readonly pause?: string;
}

/** Which server is asked, as whom, and whose pins hold. */
export interface CapturePlan {
  /** For messages. */
  readonly name: string;
  readonly urls: readonly URL[];
  readonly peer: PeerConfig;
  /** What an image is called there: a template over `{registry}` and `{repository}`. */
  readonly gun: string;
  /** Configured sources at that server. */
  readonly sources: readonly NotaryConfig[];
  readonly maxBytes: number;
}

const ANY_GUN = '{registry}/{repository}';
const MAX_BYTES = 64 << 20;

/**
 * The server of a configured source, with its credentials; or a URL, for which no configuration is needed. Pins of the
 * configuration hold in either case: what an organisation has pinned is not captured under less.
 * @throws usage · config.invalid
 */
export function capturePlan(context: CommandContext, { url, source, ca }: CaptureFlags): CapturePlan {
  if (source !== undefined) {
    if (url !== undefined || ca !== undefined) throw usage('--source has its URL and its CA in the configuration');
    return ofSource(context.config(), source);
  }
  if (url === undefined) throw usage('say which server to ask: --url https://notary.example, or --source NAME');
  const asked = serverUrl(url);
  const config = configIfThere(context);
  const sources = notarySources(config).filter(({ urls }) => urls.some((each) => sameServer(each, asked)));
  const maxBytes = config?.limits.metadataBytes ?? MAX_BYTES;
  return { name: asked.host, urls: [asked], peer: ca === undefined ? {} : { ca }, gun: ANY_GUN, sources, maxBytes };
}

/** The pin that holds for a collection of that server, if any. */
export function capturePin({ sources }: CapturePlan, gun: string): CaptureTask['pin'] {
  for (const source of sources) {
    const pin = pinFor(source, gun);
    if (pin !== undefined) return { anchor: pin.anchor, words: `${source.name}: ${pinWordsFor(source, gun) ?? ''}` };
  }
  return undefined;
}

function ofSource({ trust, limits }: Config, name: string): CapturePlan {
  const source = trust.get(name);
  if (source?.kind !== 'notary') {
    const others = [...trust.values()].flatMap((each) => (each.kind === 'notary' ? [each.name] : []));
    const advice = others.length === 0 ? 'there is none: say --url' : `expected ${others.join(' or ')}`;
    throw usage(`no trust source of type notary is called ${JSON.stringify(name)}: ${advice}`);
  }
  const { urls, gun } = source;
  return { name, urls, peer: source, gun, sources: [source], maxBytes: limits.metadataBytes };
}

/** A configuration that was named must load; the default one need not exist. One that exists and is wrong may hold pins. */
function configIfThere(context: CommandContext): Config | undefined {
  return context.file === DEFAULT_FILE && !existsSync(context.file) ? undefined : context.config();
}

function notarySources(config: Config | undefined): readonly NotaryConfig[] {
  return [...(config?.trust.values() ?? [])].flatMap((source) => (source.kind === 'notary' ? [source] : []));
}

function sameServer(a: URL, b: URL): boolean {
  return a.href.replace(/\/$/, '') === b.href.replace(/\/$/, '');
}

/** As the configuration takes them: what is captured is verified, but who may read along learns what is used here. */
function serverUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const known = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (url === undefined || !known) throw usage('--url: expected https://HOST[:PORT] (or http:// on loopback)');
  if (url.username !== '' || url.password !== '' || /[?#]/.test(text))
    throw usage('--url: credentials are taken from a configured source (--source NAME), and it has no query');
  return url;
}

function usage(why: string): TufgateError {
  return new TufgateError('usage', why);
}
