import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TufJsClient } from '../../test/tuf-js.ts';
import { TUF_JS_FAULT_TARGET, TUF_JS_FAULTS } from './tuf-js-fault.ts';
import { TufRepository } from './tuf-repository.ts';

const NOW = Date.UTC(2026, 10, 21);

beforeEach(() => vi.useFakeTimers({ now: NOW, toFake: ['Date'] }));
afterEach(() => vi.useRealTimers());

test.each(TUF_JS_FAULTS)('tuf-js judges $name the other way', async (fault) => {
  const repository = new TufRepository(NOW).put(TUF_JS_FAULT_TARGET, { length: 1, digest: `sha256:${'a'.repeat(64)}` });
  fault.apply(repository);
  const client = new TufJsClient(repository.publish().at('root', 1));
  const [said] = await client.resolve(repository.files, TUF_JS_FAULT_TARGET);
  client.dispose();
  expect(said?.kind).toBe(fault.verdict === 'found' ? 'refused' : 'found');
});
