import { Hono } from 'hono';
import { messageOf } from '../errors.ts';

/** The admin listener: is it alive, may it be asked, and what it counts. No peer is asked: an outage is not ours. */
export interface AdminApiOptions {
  /** @throws when the database or a listener is not in order */
  readonly ready: () => Promise<void>;
  readonly metrics: () => Promise<string>;
}

export function adminApi({ ready, metrics }: AdminApiOptions): Hono {
  const app = new Hono();
  app.get('/healthz', (c) => c.text('ok\n'));
  app.get('/readyz', async (c) => {
    try {
      await ready();
      return c.text('ready\n');
    } catch (error) {
      return c.text(`not ready: ${messageOf(error)}\n`, 503);
    }
  });
  app.get('/metrics', async (c) => c.text(await metrics(), 200, { 'content-type': 'text/plain; version=0.0.4' }));
  return app;
}
