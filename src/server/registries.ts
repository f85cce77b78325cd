import type { Config } from '../config/config.ts';
import type { Registries } from './target.ts';

/** The names and aliases of the configuration: a closed table, nothing else is ever contacted. */
export function registriesOf(config: Config): Registries {
  const names = new Map<string, string>();
  for (const [name, { aliases }] of config.upstreams) for (const each of [name, ...aliases]) names.set(each, name);
  return {
    named: (host) => names.get(host),
    ...(config.defaultUpstream === undefined ? {} : { default: config.defaultUpstream }),
  };
}
