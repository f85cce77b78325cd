import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';

/** Program → Debian package. */
const PACKAGES = new Map([
  ['dockerd', 'docker.io'],
  ['docker', 'docker.io'],
  ['containerd', 'containerd'],
  ['ctr', 'containerd'],
  ['podman', 'podman'],
  ['buildah', 'buildah'],
  ['skopeo', 'skopeo'],
  ['docker-registry', 'docker-registry'],
  ['notary', 'notary'],
  ['notary-server', 'notary'],
  ['busybox', 'busybox-static'],
  ['openssl', 'openssl'],
  ['faketime', 'faketime'],
  ['curl', 'curl'],
  ['nginx', 'nginx-light'],
  ['tar', 'tar'],
  ['mount', 'mount'],
  ['python3', 'python3'],
  ['softhsm2-util', 'softhsm2'],
  ['pkcs11-tool', 'opensc'],
]);

const FOLDERS = ['/usr/bin', '/usr/sbin', '/bin', '/sbin', ...(process.env['PATH'] ?? '').split(':')];

/** Debian's own program before another of the same name: the versions the facts were gathered with. */
export function whereIs(program: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, program)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** What every world of stories needs: the registry, the trust server, and Docker to sign as publishers do. */
export const WORLD = ['dockerd', 'docker', 'docker-registry', 'notary', 'notary-server', 'busybox', 'openssl', 'tar'];

/**
 * `describe` that needs real programs and root. Missing ones are a failure in CI (`CI=true`) and elsewhere a skip that
 * names the packages.
 */
export function stories(title: string, programs: readonly string[], body: () => void): void {
  const missing = programs.filter((program) => whereIs(program) === undefined);
  const root = process.getuid?.() === 0;
  if (missing.length === 0 && root) return void describe(title, body);
  const packages = [...new Set(missing.map((program) => PACKAGES.get(program) ?? program))];
  const hint = root ? `apt-get install -y --no-install-recommends ${packages.join(' ')}` : 'run as root';
  if (process.env['CI'] === undefined) return void describe.skip(`${title} [skipped: ${hint}]`, body);
  describe(title, () => {
    it('has the programs it needs', () => {
      throw new Error(hint);
    });
  });
}
