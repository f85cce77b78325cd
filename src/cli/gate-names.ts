import type { Config, ListenConfig } from '../config/config.ts';
import { type ImageName, parseImageName } from '../oci/reference.ts';
import { registriesOf } from '../server/registries.ts';
import { readTarget } from '../server/target.ts';

/**
 * `gate:5000/library/nginx:1` is what a daemon shows that pulls by the gate's own name: it means what the gate would serve.
 * @param gates hosts, beside the addresses of `listen`, by which clients name this gate itself
 */
export function gateNames(config: Config, gates: readonly string[]): (image: ImageName) => ImageName {
  const own = new Set([...config.listen.flatMap(ownNames), ...gates]);
  const registries = registriesOf(config);
  return (image) => {
    if (!own.has(image.registry) || config.upstreams.has(image.registry)) return image;
    const url = `/v2/${image.path}/manifests/${image.digest ?? image.tag ?? 'latest'}`;
    const target = readTarget(url, undefined, registries);
    return target === undefined || target.kind === 'ping' ? image : { ...image, ...target.repository };
  };
}

/** The name of an image as a person types or copies it, the gate's own name included. @throws request.name · request.digest */
export function nameReader(config: Config): (text: string) => ImageName {
  const rename = gateNames(config, []);
  return (text) => rename(parseImageName(text));
}

/** As a client on this machine would write them. */
function ownNames({ host, port }: ListenConfig): readonly string[] {
  return [host.includes(':') ? `[${host}]` : host, 'localhost', '127.0.0.1'].map((name) => `${name}:${port}`);
}
