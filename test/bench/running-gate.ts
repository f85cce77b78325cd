import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The built gate, or the client, in a process of its own: see `gate-process.js` and `load-process.js`. */
export interface RunningGate {
  readonly process: ChildProcess;
  readonly url: string;
  close(): Promise<void>;
}

export interface LoopReport {
  readonly max: number;
  readonly p99: number;
  readonly own: number;
}

export async function startGate(config: string): Promise<RunningGate> {
  const child = fork(fileURLToPath(new URL('gate-process.js', import.meta.url)), [config], { execArgv: [] });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  const close = async (): Promise<void> => {
    child.send('close');
    await once(child, 'exit');
  };
  return { process: child, url, close };
}

export async function startLoad(url: string, paths: readonly string[], perSecond: number): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('load-process.js', import.meta.url)), { execArgv: [] });
  await once(child, 'message');
  child.send({ url, paths, perSecond });
  return child;
}

/** One registry, one Notary server, every repository below `acme` signed. @param settings what this benchmark sets besides, YAML */
export function gateYaml(registry: URL, notary: URL, keys: readonly string[], settings: string): string {
  return `
data: ./data
listen: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
upstreams: { reg.example: { url: "${registry.href}" } }
default_upstream: reg.example
${settings}
trust:
  vendor:
    type: notary
    url: "${notary.href}"
    gun: "{registry}/{repository}"
    pins: { reg.example/: { keys: [${keys.join(', ')}] } }
policy: [{ match: reg.example/acme/**, require: [vendor] }]
`;
}
