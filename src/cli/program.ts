import { Command, CommanderError } from 'commander';
import { configFile, configOf, configText, loadConfig } from '../config/load.ts';
import { whyNotRoot } from '../trust/why-not-root.ts';
import type { Env } from '../approvals/keys/env.ts';
import { addApprovals } from './approvals/commands.ts';
import { collectCache } from './cache/gc.ts';
import { listCache } from './cache/ls.ts';
import { removeFromCache } from './cache/rm.ts';
import { verifyCache } from './cache/verify.ts';
import { checkConfig } from './config-check.ts';
import type { CommandContext, Input } from './context.ts';
import { listDecisions } from './decisions.ts';
import { runDemo } from './demo/demo.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { createOutput, type Output } from './output.ts';
import { resolveImages } from './resolve.ts';
import { serve } from './serve.ts';
import { auditTrust } from './trust-audit.ts';
import { captureTrust } from './trust-capture.ts';
import { trustClock } from './trust-clock.ts';
import { forgetTrust } from './trust-forget.ts';
import { listTrust } from './trust-list.ts';
import { pinTrust, unpinTrust } from './trust-pin.ts';
import { showTrust } from './trust-show.ts';
import { VERSION } from './version.ts';

/** Parses the command line and runs one command. @returns the exit code; nothing here throws */
export async function run(argv: readonly string[], env: Env, stdin: Input = process.stdin): Promise<number> {
  let code: number = EXIT.done;
  const out = createOutput(asksForJson(argv));
  const program = build(env, { out, stdin }, (ended) => (code = ended));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return misused(error, out);
    out.failed(error);
    return exitCodeOf(error);
  }
}

/** Known before anything is parsed: wrong usage is answered in the form that was asked for, too. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
}

/** commander has printed its own message, or the help that was asked for; its exit code for wrong usage is 1. */
function misused({ exitCode, message }: CommanderError, out: Output): number {
  if (exitCode === 0) return EXIT.done;
  const why = message.replace(/^error: /, '');
  if (out.json) out.document({ error: { code: 'usage', message: why } });
  return EXIT.usage;
}

function build(env: Env, streams: Pick<CommandContext, 'out' | 'stdin'>, ended: (code: number) => void): Command {
  const program = new Command('tufgate')
    .description(
      'A verifying pull-through proxy for container registries: what nobody trusted has signed cannot be pulled.',
    )
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(tufgate --help shows the commands)')
    .configureHelp({ showGlobalOptions: true })
    .option('-c, --config <file>', 'configuration file (default: $TUFGATE_CONFIG, else config/tufgate.yaml)');

  const command = (
    parent: Command,
    usage: string,
    description: string,
    action: (context: CommandContext, options: object, operands: readonly string[]) => Promise<number>,
  ): Command => {
    const made = parent.command(usage).description(description).exitOverride();
    return made.action(async () => {
      const file = configFile(program.opts<{ config?: string }>().config, env);
      const configuration = {
        config: () => loadConfig(file, env, whyNotRoot),
        text: () => configText(file),
        parse: (text: string) => configOf(text, file, env, whyNotRoot),
      };
      ended(await action({ file, ...configuration, ...streams, env, now: Date.now }, made.opts(), made.args));
    });
  };
  const telling: typeof command = (...what) =>
    command(...what).option('--json', 'print one JSON document on stdout, messages on stderr');

  command(program, 'serve', 'serve as a registry mirror', serve);
  telling(program, 'demo', 'see four pulls in a few seconds: signed, unsigned, tampered, moved', runDemo);
  telling(
    program,
    'resolve [image...]',
    'which digest would be served, and why; "-": a list on stdin',
    resolveImages,
  ).option(
    '--gate <host>',
    'names that begin with this host mean this gate itself; may be repeated',
    (host: string, before: readonly string[]) => [...before, host],
    [],
  );
  telling(
    program.command('config').description('the configuration'),
    'check',
    'check the configuration',
    checkConfig,
  ).option('--image <name>', 'explain what would happen to this image');
  const trust = program.command('trust').description('what is trusted, and what it rests on');
  telling(trust, 'list', 'every collection: anchor, root, versions, expiry', listTrust);
  telling(trust, 'show <repository>', 'one collection: roles, keys, thresholds, versions, expiry', showTrust);
  telling(
    trust,
    'audit',
    'every collection with its anchor and root keys; exits 3 when something is missing',
    auditTrust,
  ).option('--csv', 'comma-separated, with a header line');
  telling(trust, 'pin <source> <gun>', 'write a pin into the configuration; says what it changes, and asks', pinTrust)
    .option('--root <file>', 'a root file: the start of the chain of one collection')
    .option('--keys <ids>', 'TUF key ids, with commas')
    .option('--ca <file>', 'a CA that every root certificate must be under')
    .option('--dry-run', 'only say what would change')
    .option('--yes', 'do not ask');
  telling(
    trust,
    'unpin <source> <gun>',
    'remove a pin from the configuration; says what it changes, and asks',
    unpinTrust,
  )
    .option('--dry-run', 'only say what would change')
    .option('--yes', 'do not ask');
  telling(trust, 'forget <repository>', 'drop all that is known of one collection; asks', forgetTrust)
    .option('--source <name>', 'of this trust source only')
    .option('--yes', 'do not ask');
  telling(trust, 'clock', 'the highest time seen, which binds, and the time of this machine', trustClock)
    .option('--reset', 'lower it to the time of this machine; asks; the gate must not be running')
    .option('--yes', 'do not ask');
  telling(trust, 'capture [gun...]', 'archive Notary v1 collections before their server is shut down', captureTrust)
    .option('--url <url>', 'the Notary server')
    .option('--source <name>', 'the server of this trust source, with its CA and credentials')
    .option('--ca <file>', 'a private CA that the certificate of --url is under')
    .option('--from-list <file>', 'one name a line; "-": stdin')
    .option('--to <folder>', 'the archive (default: notary-archive)')
    .option('--again', 'capture anew what is there; what was captured before stays beside it')
    .option('--concurrency <n>', 'collections at once (default 4)')
    .option('--pause <ms>', 'between two collections that begin, in milliseconds (default 100)');
  const cache = program.command('cache').description('what is kept of what was pulled; works beside a running gate');
  telling(
    cache,
    'ls [text]',
    'every blob, the last used first: size, last use, last hashed, and images that need it; or those with this text in digest or image',
    listCache,
  );
  telling(cache, 'gc', 'evict what was used the longest ago, down to cache.low_water', collectCache)
    .option('--to <size>', 'down to this size, such as 20GiB; pinned ones too when nothing else is left')
    .option('--quarantine', 'remove the damaged files that were kept apart, too');
  telling(
    cache,
    'verify',
    'hash every blob again; damaged ones are set apart and fetched again; exits 3 when there are any',
    verifyCache,
  );
  telling(
    cache,
    'rm <digest-or-image...>',
    'remove blobs, or what is cached of images and not needed by others',
    removeFromCache,
  );
  addApprovals(program, telling);
  telling(program, 'decisions', 'what was allowed and refused, and why', listDecisions)
    .option('--since <when>', 'an age such as 7d, or an ISO date')
    .option('--denied', 'refused only')
    .option('--allowed', 'served only')
    .option('--would-deny', 'served under observe, but enforcing would have refused')
    .option('--image <text>', 'part of registry/repository:tag')
    .option('--reason <code>', 'a reason code, such as trust.unsigned')
    .option('--client <text>', 'part of the client address')
    .option('--event <event>', 'pull, integrity or alarm')
    .option('--limit <n>', 'the newest so many (default 50)')
    .option('--long', 'digests, roles, keys and versions too');
  return program;
}
