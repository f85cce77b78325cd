#!/usr/bin/env node
import { unlessGone } from './cli/output.ts';
import { run } from './cli/program.ts';

// Who reads what is said may have left (`| head`): a command goes on to its end, and what it does is done or not as ever.
for (const stream of [process.stdout, process.stderr]) stream.on('error', unlessGone);

process.exitCode = await run(process.argv.slice(2), process.env);
