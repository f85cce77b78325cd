import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serveTufFile } from '../../src/server/tuf-files.ts';
import { RegistrySimulator } from '../../src/simulator/registry.ts';
import { TufFiles } from '../../src/simulator/tuf-files.ts';
import { TufServer } from '../../src/simulator/tuf-server.ts';
import {
  ANNA,
  APP,
  approval,
  ApprovalsWorld,
  authorization,
  BEN,
  CARLA,
  creation,
  DAY,
  hex,
  person,
  quorum,
  TWO_OF_THREE,
  withdrawal,
} from '../approvals.ts';
import { type GateWorld, openGate, START } from '../stories/gate-world.ts';
import { pythonStories } from './real/needs-python.ts';
import type { PythonTuf } from './real/python-tuf.ts';
import { Workspace } from './real/workspace.ts';

/** python-tuf reads what we publish, and we read what its own API writes. */
await pythonStories('python-tuf', (open) => {
  let python: PythonTuf;
  const space = new Workspace();
  beforeAll(async () => {
    python = await open();
  });
  afterAll(async () => {
    python.close();
    await space.close();
  });

  describe('reads what we publish', () => {
    const DORA = person('dora', 'p256');
    const NGINX = 'docker.io/library/nginx';
    let world: ApprovalsWorld;
    let server: Server;
    let client = 0;

    beforeEach(async () => {
      world = new ApprovalsWorld(TWO_OF_THREE);
      // It asks the machine for the time.
      world.now = Date.now();
      await world.change(creation(TWO_OF_THREE));
      world.signers = [ANNA, BEN, DORA];
      await world.change({ kind: 'delegate', role: 'team', names: [NGINX], ...quorum(2, CARLA, BEN, DORA) });
      const evidence = [
        new Map<string, string | number>([
          ['kind', 'sbom'],
          ['size', 7],
        ]),
      ];
      await world.change(
        approval('1', 'a', { reason: 'line\nend “ü”', evidence, until: Math.floor(world.now / 1_000) * 1_000 + DAY }),
        approval('1.27', 'n', { repository: NGINX, mediaType: 'application/vnd.oci.image.index.v1+json' }),
        approval(undefined, 'own'),
      );
      client++;
      const folders = new Map([['approvals', world.folder]]);
      const onFault = (error: unknown): never => {
        throw error;
      };
      server = createServer((incoming, outgoing) => void serveTufFile({ folders, onFault }, incoming, outgoing));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    });
    afterEach(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      world.dispose();
    });

    /** A process each time, over the same folder: as a client that goes on. */
    async function read(...names: readonly string[]): Promise<Record<string, unknown>> {
      const root = space.at(`root-${client}.json`);
      writeFileSync(root, world.pinned!);
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tuf/approvals/`;
      const folder = space.folder(`client-${client}`);
      return JSON.parse(await python.script('python-tuf-read.py', root, url, folder, ...names)) as Record<
        string,
        unknown
      >;
    }

    const digest = (repository: string, content: string): string => `${repository}@sha256:${hex(content)}`;

    it('tags and digests, of owners and in bins, with all that is said of them', async () => {
      const names = [`${APP}:1`, digest(APP, 'a'), digest(APP, 'own'), `${NGINX}:1.27`, digest(NGINX, 'n'), `${APP}:2`];
      const found = await read(...names);
      expect(found).toMatchObject({
        [names[0]!]: {
          sha256: hex('a'),
          length: 1_001,
          custom: { tufgate: { by: 'anna', reason: 'line\nend “ü”', evidence: [{ kind: 'sbom', size: 7 }] } },
        },
        [names[1]!]: { sha256: hex('a'), custom: { tufgate: { tags: ['1'] } } },
        [names[2]!]: { sha256: hex('own') },
        [names[3]!]: { sha256: hex('n'), custom: { oci: { mediaType: 'application/vnd.oci.image.index.v1+json' } } },
        [names[4]!]: { sha256: hex('n') },
        [names[5]!]: null,
      });
    });

    it('what changes: withdrawals, other keys of every role, more bins', async () => {
      const names = [`${APP}:1`, digest(APP, 'a'), `${NGINX}:1.27`];
      await read(...names);
      await world.change(withdrawal('a'));
      expect(await read(...names)).toMatchObject({
        [names[0]!]: null,
        [names[1]!]: { custom: { tufgate: { revoked: expect.any(String) as string } } },
      });
      const [fay, two] = [person('fay', 'p256'), person('online two')];
      world.signers = [...world.signers, fay];
      await world.change(
        authorization('root', quorum(1, fay)),
        authorization('targets', quorum(1, fay)),
        authorization('bulk', quorum(1, fay)),
      );
      world.online = two;
      await world.change(
        authorization('timestamp', quorum(1, two)),
        authorization('snapshot', quorum(1, two)),
        approval('1', 'b'),
      );
      const many = Array.from({ length: 1_800 }, (_, at) => approval(`t${at}`, 'c', { sha256: hex(`c${at}`) }));
      await world.change(...many);
      expect(await read(...names, `${APP}:t7`)).toMatchObject({
        [names[0]!]: { sha256: hex('b') },
        [names[2]!]: { sha256: hex('n') },
        [`${APP}:t7`]: { sha256: hex('c7') },
      });
    });

    it('one that was withdrawn and never approved, which has no length', async () => {
      await world.change(withdrawal('never'));
      expect(await read(digest(APP, 'never'))).toMatchObject({ [digest(APP, 'never')]: { length: 0 } });
    });

    it('and refuses what we refuse: a timestamp that has ended', async () => {
      world.lifetimes = { ...world.lifetimes, timestamp: 1_000 };
      world.now -= DAY;
      await world.change(approval('2', 'b'));
      expect(await read(`${APP}:1`)).toEqual({ [`${APP}:1`]: { error: 'refresh: ExpiredMetadataError' } });
    });
  });

  describe('writes what we read', () => {
    const OTHER = 'reg.example/other/thing';
    const image = { repository: 'acme/app', tag: '1.0', layers: [Buffer.from('layer')] };
    const other = { repository: 'other/thing', tag: '1.0', layers: [Buffer.from('other')] };
    let gate: GateWorld;
    let server: TufServer;

    /** @param signers of the role `team`, which takes two */
    async function open(signers: number): Promise<void> {
      const registry = await RegistrySimulator.start();
      const [mine, binned, bad] = [
        registry.addImage(image),
        registry.addImage(other),
        registry.addImage({ ...image, tag: 'bad', layers: [Buffer.from('bad')] }),
      ];
      await registry.close();
      const entry = ({ digest, size }: typeof mine, custom?: unknown): unknown => ({
        length: size,
        sha256: digest.slice(7),
        ...(custom !== undefined && { custom }),
      });
      const entries = {
        [`${APP}:1.0`]: entry(mine),
        [`${APP}@${mine.digest}`]: entry(mine),
        [`${APP}:ended`]: entry(mine, { tufgate: { until: '2026-11-01T00:00:00Z' } }),
        [`${APP}@${bad.digest}`]: entry(bad, { tufgate: { revoked: '2026-11-01T00:00:00Z', by: 'python' } }),
        [`${APP}:bad`]: entry(bad),
        [`${OTHER}:1.0`]: entry(binned, { more: [1, { a: null }] }),
      };
      const folder = space.folder(`written-${signers}`);
      mkdirSync(folder, { recursive: true });
      await python.script(
        'python-tuf-write.py',
        folder,
        String((START + 30 * DAY) / 1_000),
        JSON.stringify(entries),
        String(signers),
      );
      const files = new TufFiles(readdirSync(folder).map((name) => [name, readFileSync(`${folder}/${name}`)] as const));
      server = new TufServer().serve('tuf', files);
      await server.listen();
      const sources = `  approvals: { type: tuf, url: "${server.url.href}tuf", root: root.json }`;
      const more = '  - match: reg.example/**\n    require: [approvals]';
      gate = await openGate({
        rule: 'require: [approvals]',
        sources,
        more,
        files: { 'root.json': files.get('1.root.json')! },
      });
      gate.registry.addImage(other);
      gate.registry.addImage({ ...image, tag: 'bad', layers: [Buffer.from('bad')] });
      gate.registry.addImage({ ...image, tag: 'ended' });
    }
    afterEach(async () => {
      await gate.close();
      await server.close();
    });

    const pull = async (repository: string, reference: string): Promise<readonly unknown[]> => {
      const { status, reason, headers } = await gate.get(`/v2/${repository}/manifests/${reference}`);
      return [status, reason ?? headers['docker-content-digest']];
    };

    it('roles with paths and a threshold of 2, succinct hash bins, keys of both kinds', async () => {
      await open(2);
      expect(await pull('acme/app', '1.0')).toEqual([200, gate.image.digest]);
      expect(await pull('acme/app', gate.image.digest)).toEqual([200, gate.image.digest]);
      expect((await pull('other/thing', '1.0'))[0]).toBe(200);
      gate.registry.addImage({ ...image, tag: '2.0' });
      expect(await pull('acme/app', '2.0')).toEqual([403, 'trust.unsigned']);
    });

    it('what it says of its end, and of a withdrawal', async () => {
      await open(3);
      expect(await pull('acme/app', 'bad')).toEqual([403, 'trust.withdrawn']);
      expect((await pull('acme/app', 'ended'))[0]).toBe(403);
    });

    it('a role that one of two has signed is refused, and others go on', async () => {
      await open(1);
      expect(await pull('acme/app', '1.0')).toEqual([403, 'trust.threshold']);
      expect((await pull('other/thing', '1.0'))[0]).toBe(200);
    });
  });
});
