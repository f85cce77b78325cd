import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { Gate } from '../compose.ts';
import { openListeners } from './serve.ts';

const free = { host: '127.0.0.1', port: 0, insecure: false };

function gateOn(ports: readonly number[]): { gate: Gate; said: string[] } {
  const said: string[] = [];
  const gate = {
    config: { listen: ports.map((port) => ({ ...free, port })), admin: free },
    log: { info: (_: object, message: string) => void said.push(message) },
    registryListener: () => undefined,
    handOffListener: (prefix: string) => (_: IncomingMessage, outgoing: ServerResponse) => outgoing.end(prefix),
    adminListener: () => undefined,
    close: () => Promise.resolve(),
  };
  return { gate: gate as unknown as Gate, said };
}

test('serving is said when every address is bound', async () => {
  const { gate, said } = gateOn([0, 0]);
  const open = await openListeners(gate);
  expect(open).toHaveLength(3);
  expect(said).toEqual(['serving the registry API', 'serving the registry API', 'serving health and metrics']);
  for (const each of open) await each.close(0);
});

test('ready is answered only where pulls are, too: the admin address is bound last', async () => {
  const order: string[] = [];
  const { gate } = gateOn([0]);
  const { config } = gate;
  const spied = {
    ...gate,
    config: {
      get listen() {
        order.push('registry');
        return config.listen;
      },
      get admin() {
        order.push('admin');
        return config.admin;
      },
    },
  };
  const open = await openListeners(spied as unknown as Gate);
  expect(order.slice(0, 2)).toEqual(['registry', 'admin']);
  for (const each of open) await each.close(0);
});

test('serving is not said when one address cannot be had', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { gate, said } = gateOn([0, (other.address() as AddressInfo).port]);
  await expect(openListeners(gate)).rejects.toMatchObject({ code: 'startup.listen' });
  expect(said).toEqual([]);
  other.close();
});

test('a listener with hand_off hands off, and no other', async () => {
  const { gate } = gateOn([]);
  const listen = [{ ...free, handOff: '/_x/' }];
  const open = await openListeners({ ...gate, config: { ...gate.config, listen } });
  expect(await (await fetch(open[0]!.url)).text()).toBe('/_x/');
  for (const each of open) await each.close(0);
});
