import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { request } from 'undici';
import { Person } from './ceremony.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import type { Block } from './runbook.ts';
import { run } from './run.ts';
import { MAIN } from './tufgate.ts';
import type { Workspace } from './workspace.ts';

/** What asks before it signs: without a terminal it needs a `--yes`. */
const ASKING =
  /^(approve|revoke|promote|trust forget|approvals (root )?(sign|authorize|delegate|undelegate|renew|rotate online|import))\b/;

/**
 * `docker pull GATE/NAME` as a client asks: again for a few seconds, for a gate sees a change within its `check_every`, and for a
 * refusal it must be refused then.
 */
const DOCKER = `#!/usr/bin/env node
if (process.argv[2] === 'ps') {
  console.log('nginx:1.27\\nredis:7');
  process.exit(0);
}
const [, name, tag] = /^[^/]+\\/(.*):([^:]+)$/.exec(process.argv[3]);
const wanted = process.env.WANTED ?? '200';
let answer;
for (let tries = 0; tries < 40; tries++) {
  answer = await fetch(process.env.GATE + '/v2/' + name + '/manifests/' + tag);
  if ((answer.status === 200) === (wanted === '200')) break;
  await new Promise((resolve) => setTimeout(resolve, 200));
}
const body = await answer.text();
if (answer.status === 200) console.log('Status: Downloaded newer image for ' + process.argv[3]);
else { console.error('Error response from daemon: ' + body); process.exit(1); }
`;

const SHELL = ['--norc', '-euo', 'pipefail', '-c'];

/** A machine with a gate, or none, on which the lines of a document are typed. */
export class Machine {
  readonly person: Person;
  private readonly space: Workspace;
  private readonly address: string;
  private gate: Program | undefined;

  private constructor(space: Workspace, person: Person, address: string) {
    this.space = space;
    this.person = person;
    this.address = address;
  }

  /** @param config of the gate, by its address; undefined for a machine that has none */
  static async of(space: Workspace, name: string, config?: Readonly<Record<string, unknown>>): Promise<Machine> {
    const [port, admin] = [await freePort(), await freePort()];
    const bin = programs(space);
    const path = `${bin}:${process.env['PATH'] ?? ''}`;
    const env = { PATH: path, USER: name, GATE: `http://127.0.0.1:${port}`, LOGNAME: name };
    const machine = new Machine(space, new Person(space, name, env), `127.0.0.1:${admin}`);
    mkdirSync(machine.person.at('keys'), { recursive: true, mode: 0o700 });
    if (config !== undefined) {
      const places = {
        data: '../data',
        listen: [{ address: `127.0.0.1:${port}` }],
        admin: { address: `127.0.0.1:${admin}` },
      };
      mkdirSync(machine.person.at('config'), { recursive: true });
      writeFileSync(machine.configFile, JSON.stringify({ ...places, ...config }));
    }
    return machine;
  }

  get url(): string {
    return String(this.person.env['GATE']);
  }

  private get configFile(): string {
    return this.person.at('config', 'tufgate.yaml');
  }

  /** @returns all that it printed */
  async types(line: string, refused: boolean): Promise<string> {
    const [, verb] = /^(?:systemctl (start|stop) tufgate|npm ci && npm (start))$/.exec(line) ?? [];
    if (/^npm ci && npm start$/.test(line) || verb !== undefined) return await this.service(verb ?? 'start');
    const env = { ...this.person.env, WANTED: refused ? '403' : '200' };
    const { code, output } = await run('/bin/bash', [...SHELL, `exec 2>&1; ${line}`], { cwd: this.person.folder, env });
    if ((code !== 0) === refused) return output;
    throw new Error(`${this.person.name}: ${line}\nended with ${code}:\n${output}`);
  }

  private async service(verb: string): Promise<string> {
    if (verb === 'stop') {
      await this.gate?.stop();
      return '';
    }
    const logFile = this.space.at(`${this.person.name}.log`);
    this.gate = await Program.start({
      command: process.execPath,
      args: [MAIN, 'serve', '--config', this.configFile],
      env: this.person.env,
      logFile,
      ready: async () => (await request(`http://${this.address}/readyz`)).statusCode === 200,
    });
    const { gate } = this;
    this.space.onClose(() => gate.stop());
    return gate.log;
  }
}

/** `tufgate`, `npx` and `docker`, as the documents name them. */
function programs(space: Workspace): string {
  const bin = space.folder('bin');
  const tufgate = `#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
const words = process.argv.slice(2);
const asks = ${String(ASKING)}.test(words.join(' ')) && !words.includes('--yes');
const { status } = spawnSync(process.execPath, [${JSON.stringify(MAIN)}, ...words, ...(asks ? ['--yes'] : [])], { stdio: 'inherit' });
process.exit(status ?? 1);
`;
  for (const [name, text] of [
    ['tufgate', tufgate],
    ['docker', DOCKER],
    // Of `npx tufgate`; never the network's.
    ['npx', '#!/bin/sh\nexec "$@"\n'],
  ] as const) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  writeFileSync(join(bin, 'package.json'), '{ "type": "module" }');
  return bin;
}

/** Types a block, and sees that what the document says was printed. */
export async function typeBlock(block: Block, machines: ReadonlyMap<string, Machine>): Promise<void> {
  let output = '';
  for (const { who, line, refused } of block.steps)
    for (const name of who) {
      const machine = machines.get(name);
      if (machine === undefined) throw new Error(`${block.heading}: there is nobody called ${name}`);
      output += await machine.types(line, refused);
    }
  let rest = output;
  for (const line of block.prints) {
    const pattern = new RegExp(
      line
        .split('…')
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('.*'),
    );
    const at = pattern.exec(rest);
    expect(at, `${block.heading}: ${line}\nis not in what is left of\n${output}`).not.toBeNull();
    rest = rest.slice((at?.index ?? 0) + (at?.[0].length ?? 0));
  }
}
