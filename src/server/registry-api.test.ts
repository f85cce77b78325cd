import { expect, it } from 'vitest';
import { parseDigest } from '../oci/digest.ts';
import { manifestAnswer } from './registry-api.ts';

it('answers with the manifest, not with what shares its memory', async () => {
  const around = Buffer.from('what another request received: {"schemaVersion":2} and more of that');
  const from = around.indexOf('{');
  const bytes = around.subarray(from, around.indexOf('}') + 1);
  const manifest = {
    bytes,
    digest: parseDigest(`sha256:${'0'.repeat(64)}`),
    mediaType: 'application/vnd.oci.image.manifest.v1+json' as const,
    children: [],
  };
  const answer = manifestAnswer(new Request('http://gate.example/'), manifest);
  expect(await answer.text()).toBe('{"schemaVersion":2}');
  expect(answer.headers.get('content-length')).toBe(String(bytes.length));
});
