import { writeFileSync } from 'node:fs';
import { run } from './run.ts';
import type { Workspace } from './workspace.ts';
import { whereIs } from './needs.ts';

/** What a person does at a terminal: waits until he sees `see`, and types `type`. */
export interface Step {
  readonly see: string;
  readonly type: string;
}

export interface Session {
  /** All that the terminal showed, echoes included. */
  readonly shown: string;
  /** Of the program. */
  readonly code: number;
}

/** A pseudo-terminal of Python's; it waits for each text at most this many seconds. */
const SCRIPT = `
import json, os, pty, select, sys, time
argv, steps, stop, deadline = json.loads(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3], time.time() + 60
pid, terminal = pty.fork()
if pid == 0:
    os.execve(argv[0], argv, os.environ)
shown, since, ended = b'', 0, False
while not ended and time.time() < deadline:
    if stop and os.path.exists(stop):
        os.write(terminal, b'\\x03')
        stop = ''
    if not select.select([terminal], [], [], 0.2)[0]:
        continue
    try:
        data = os.read(terminal, 65536)
    except OSError:
        data = b''
    ended = data == b''
    shown += data
    while steps and steps[0]['see'].encode() in shown[since:]:
        since = shown.index(steps[0]['see'].encode(), since) + len(steps[0]['see'].encode())
        os.write(terminal, steps.pop(0)['type'].encode())
if not ended:
    os.kill(pid, 9)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(json.dumps({'shown': shown.decode(), 'code': code}))
`;

/**
 * Runs a program as a person would: in a terminal, with answers to what it shows.
 * @param stop once there is such a file, the person types Ctrl-C
 */
export async function atTerminal(
  space: Workspace,
  argv: readonly string[],
  steps: readonly Step[],
  env: Readonly<Record<string, string>> = {},
  stop = '',
): Promise<Session> {
  const script = space.at('at-terminal.py');
  writeFileSync(script, SCRIPT);
  const words = [script, JSON.stringify(argv), JSON.stringify(steps), stop];
  const { stdout, stderr } = await run(whereIs('python3') ?? '', words, { env: space.env(env) });
  if (stdout === '') throw new Error(`the terminal failed: ${stderr}`);
  return JSON.parse(stdout) as Session;
}
