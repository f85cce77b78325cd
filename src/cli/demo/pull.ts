import { createHash } from 'node:crypto';
import { request } from 'undici';
import { parseManifest } from '../../oci/manifest.ts';

/** What a client sees of one pull: what it got, or the words it would print. */
export type Pulled =
  | { readonly outcome: 'pulled'; readonly digest: string; readonly bytes: number }
  | { readonly outcome: 'refused'; readonly status: number; readonly reason: string; readonly message: string }
  /** The connection ended before the last byte: no client keeps such a layer. */
  | { readonly outcome: 'cut'; readonly received: number; readonly size: number };

/** Pulls as a daemon does: manifest by tag, then config and layers by digest. */
export async function pull(gate: string, repository: string, tag: string): Promise<Pulled> {
  const answer = await request(`${gate}/v2/${repository}/manifests/${tag}`);
  const body = new Uint8Array(await answer.body.arrayBuffer());
  if (answer.statusCode !== 200) return refused(answer.statusCode, body);
  let bytes = body.length;
  for (const { digest, size } of parseManifest(body).children) {
    const received = await download(`${gate}/v2/${repository}/blobs/${digest}`);
    if (received < size) return { outcome: 'cut', received, size };
    bytes += received;
  }
  return { outcome: 'pulled', digest: `sha256:${createHash('sha256').update(body).digest('hex')}`, bytes };
}

async function download(url: string): Promise<number> {
  let received = 0;
  try {
    const { body, statusCode } = await request(url);
    for await (const chunk of body) received += (chunk as Buffer).length;
    return statusCode === 200 ? received : 0;
  } catch {
    return received;
  }
}

interface OciError {
  readonly errors?: readonly { readonly message?: string; readonly detail?: { readonly reason?: string } }[];
}

function refused(status: number, body: Uint8Array): Pulled {
  const { errors } = JSON.parse(Buffer.from(body).toString()) as OciError;
  const { message = '', detail } = errors?.[0] ?? {};
  return { outcome: 'refused', status, reason: detail?.reason ?? '', message };
}
