import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { TufgateError } from '../errors.ts';
import { createLogger, withoutSecrets } from './logger.ts';

function logged(format: 'json' | 'pretty', write: (log: ReturnType<typeof createLogger>) => void): string {
  const out = new PassThrough();
  write(createLogger({ level: 'info', format }, out));
  return String(out.read() ?? '');
}

describe('the log', () => {
  it('is one JSON object a line, with ISO time and the level as a word', () => {
    const line = logged('json', (log) => log.child({ part: 'pull' }).info({ count: 3 }, 'hello'));
    const facts = JSON.parse(line) as Record<string, unknown>;
    expect(facts).toMatchObject({ level: 'info', part: 'pull', count: 3, msg: 'hello' });
    expect(facts['time']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('leaves out what is below its level', () => {
    expect(logged('json', (log) => log.debug({}, 'quiet'))).toBe('');
  });

  it('reads well for people', () => {
    const text = logged('pretty', (log) => log.warn({ count: 3 }, 'hello'));
    expect(text).toContain('hello');
    expect(text).not.toContain('{"');
  });

  it('removes credentials wherever they usually stand', () => {
    const text = logged('json', (log) =>
      log.info({ password: 'pa55', peer: { token: 'pa55', headers: { authorization: 'pa55' } } }, 'x'),
    );
    expect(text).not.toContain('pa55');
  });

  it('takes words for words, not for a fault of its own', () => {
    const line = logged('json', (log) => log.warn({ error: 'GET https://u:pa55@r.example/v2/: disk full' }, 'x'));
    expect(JSON.parse(line)).toMatchObject({ error: 'GET https://r.example/v2/: disk full' });
  });

  it('gives code, detail and cause of an error of ours, without secrets in its addresses', () => {
    const cause = new Error('GET https://user:pa55@cdn.example/x?X-Amz-Signature=pa55 failed');
    const err = new TufgateError('upstream.unreachable', 'try https://u:pa55@r.example/v2/', {
      cause,
      detail: { n: 1 },
    });
    const text = logged('json', (log) => log.error({ err }, 'x'));
    expect(JSON.parse(text)).toMatchObject({
      err: { code: 'upstream.unreachable', message: 'try https://r.example/v2/', detail: { n: 1 } },
    });
    expect(text).not.toContain('pa55');
  });
});

describe('withoutSecrets', () => {
  it('keeps plain addresses and other text', () => {
    const text = 'see http://127.0.0.1:5000/v2/ and mail@example.org';
    expect(withoutSecrets(text)).toBe(text);
  });

  it('ends in time on long text without an end', () => {
    expect(withoutSecrets(`https://${'a'.repeat(100_000)}`)).toHaveLength(100_008);
  });
});
