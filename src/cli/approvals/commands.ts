import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { affectedBy } from './affected.ts';
import { approveImages } from './approve.ts';
import { authorizeRoles } from './change-who-signs.ts';
import { delegateNames, undelegateRole } from './delegate.ts';
import { importArchive } from './import-archive.ts';
import { initApprovals, initRoot } from './init.ts';
import { backupAllKeys, createKey, restoreAllKeys, showKey } from './keys.ts';
import { listApprovals } from './list.ts';
import { promote } from './promote.ts';
import { publishProposalFile } from './publish-proposal.ts';
import { rebaseProposal } from './rebase-proposal.ts';
import { renewRoles } from './renew.ts';
import { revoke } from './revoke.ts';
import { rotateOnline } from './rotate-online.ts';
import { showApprovals } from './show.ts';
import { signProposalFile } from './sign-proposal.ts';

/** Adds one command that prints facts. */
export type Telling = (
  parent: Command,
  usage: string,
  description: string,
  action: (context: CommandContext, options: object, operands: readonly string[]) => Promise<number>,
) => Command;

const UNTIL = 'the last day that it counts, such as 2027-03-31, or a time such as 90d';

/** The commands of the organisation's own repository. */
export function addApprovals(program: Command, telling: Telling): void {
  addImages(program, telling);
  const approvals = program.command('approvals').description('your own repository of approvals: who signs, and what');
  addRepository(approvals, telling);
  addProposals(approvals, telling);
  addSigners(approvals, telling);
  addKeys(approvals, telling);
}

function addImages(program: Command, telling: Telling): void {
  changing(
    telling(program, 'approve [image...]', 'look at images, sign that they may be pulled, publish', approveImages),
  )
    .option('--from-file <file>', 'a list: one image a line, # begins a reason; "-" is stdin')
    .option('--from-running', 'a list on stdin: docker ps, crictl ps -o json, kubectl get pods -A -o json')
    .option('--denied', 'what this gate refused, or would have refused')
    .option('--since <age>', 'with --denied: how long ago at most (default 7d)')
    .option('--reason <text>', 'why')
    .option('--until <day>', UNTIL)
    .option('--reinstate', 'also what was withdrawn before')
    .option('--despite', 'also what a trust source speaks against');
  changing(telling(program, 'revoke [image...]', 'withdraw images: every gate refuses their digests', revoke))
    .option('--digest <digest>', 'this digest, in every repository; may be repeated', collect)
    .option('--reason <text>', 'why')
    .option('--tag-only', 'end the tag; its digest is not withdrawn');
  changing(
    telling(program, 'promote <from> <to>', 'approve as one tag the digest that is approved as another', promote),
  )
    .option('--reason <text>', 'why')
    .option('--until <day>', UNTIL);
}

function addRepository(approvals: Command, telling: Telling): void {
  source(telling(approvals, 'init', 'make the repository with one signer, as the first start does', initApprovals));
  const shown = source(
    telling(
      approvals,
      'show [proposal]',
      'who signs what, and until when; or what a proposal would change',
      showApprovals,
    ),
  );
  shown.option('--root <file>', 'the root that you trust, for a proposal; the pinned one when not given');
  source(telling(approvals, 'list', 'everything that is approved or withdrawn', listApprovals))
    .option('--image <text>', 'part of registry/repository:tag')
    .option('--approved', 'only what is approved; as a list it is what approve --from-file takes')
    .option('--withdrawn', 'only what is withdrawn; as a list it is what revoke takes');
  changing(telling(approvals, 'import [gun...]', 'approve what captured Notary collections said', importArchive))
    .requiredOption('--archive <folder>', 'made by tufgate trust capture')
    .option('--first-use', 'also collections that were captured without a pin')
    .option('--releases <rule>', 'strict (default) or docker, as for trust sources')
    .option('--replace', 'also tags that are approved with another digest')
    .option('--reason <text>', 'why')
    .option('--until <day>', UNTIL);
}

function addProposals(approvals: Command, telling: Telling): void {
  const root = approvals.command('root').description('the root: a ceremony of several signers');
  source(telling(root, 'init <proposal>', 'propose a repository that several people sign', initRoot))
    .option('--root-key <key>', 'public key of a root signer: a file NAME.pub, or any key; once for each', collect)
    .option('--root-threshold <n>', 'how many of them have to sign (default 1)')
    .option('--targets-key <key>', 'who says who approves; the root signers when not given', collect)
    .option('--targets-threshold <n>', 'how many of them have to sign; as --root-threshold when not given')
    .option('--bulk-key <key>', 'who approves images; as --targets-key when not given', collect)
    .option('--bulk-threshold <n>', 'how many of them have to sign; as --targets-threshold when not given');
  for (const parent of [root, approvals]) {
    const signing = telling(
      parent,
      'sign <proposal>',
      'show a proposal, ask, and add your signature',
      signProposalFile,
    );
    keys(signing)
      .option('--root <file>', 'the root that you trust; the pinned one when not given')
      .option('--again', 'what you signed before of the same version was never published')
      .option('--restored', RESTORED)
      .option('--yes', 'do not ask');
  }
  telling(root, 'show <proposal>', 'what a proposal would change, and who has to sign', showApprovals).option(
    '--root <file>',
    'the root that you trust',
  );
  source(
    telling(approvals, 'publish <proposal>', 'publish a proposal that has all its signatures', publishProposalFile),
  );
  source(
    telling(approvals, 'rebase <proposal>', 'make a proposal anew on what was published meanwhile', rebaseProposal),
  );
}

function addSigners(approvals: Command, telling: Telling): void {
  changing(telling(approvals, 'authorize <role...>', 'change who signs a role: root, targets, bulk, …', authorizeRoles))
    .option('--add <key>', 'a public key; may be repeated', collect)
    .option('--remove <key>', 'a key id, or NAME.pub; may be repeated', collect)
    .option('--threshold <n>', 'how many have to sign; as before when not given')
    .option('--stolen', 'the removed keys were stolen: what rested on them ends');
  changing(
    telling(
      approvals,
      'delegate <role> <name...>',
      'give repositories or a namespace keys of their own',
      delegateNames,
    ),
  )
    .option('--to <key>', 'public key of an owner; may be repeated', collect)
    .option('--threshold <n>', 'how many of them have to sign (default 1)');
  changing(telling(approvals, 'undelegate <role>', 'take a role away; what it approved ends', undelegateRole)).option(
    '--keep',
    'what it approved stays approved, by who is in charge then',
  );
  changing(telling(approvals, 'renew', 'sign anew what ends soon', renewRoles)).option(
    '--within <time>',
    'what ends within this time (default 90d)',
  );
  const rotate = approvals.command('rotate').description('replace keys');
  changing(telling(rotate, 'online', 'a new key for timestamp and snapshot', rotateOnline)).option(
    '--older-than <time>',
    'only if the key is older, for a job that runs each day',
  );
  source(telling(approvals, 'affected', 'what would not be approved without a key', affectedBy)).option(
    '--key <key>',
    'id of a key, or NAME.pub; may be repeated',
    collect,
  );
}

function addKeys(approvals: Command, telling: Telling): void {
  const parent = approvals.command('keys').description('the keys that sign');
  telling(parent, 'create <file>', 'a new encrypted key, and its public half', createKey).option(
    '--p256',
    'ECDSA on P-256 instead of Ed25519',
  );
  telling(parent, 'show <key>', 'id and public half of a file, token or program', showKey);
  source(telling(parent, 'backup', 'all keys in one encrypted file, restored for a test', backupAllKeys))
    .option('--to <file>', 'the backup to write')
    .option('--from <folder>', 'the folder of keys of the configuration when not given')
    .option('--test <file>', 'restore a backup for a test, and leave nothing');
  source(telling(parent, 'restore <backup>', 'put the keys of a backup back', restoreAllKeys)).option(
    '--to <folder>',
    'the folder of keys of the configuration when not given',
  );
}

const RESTORED = 'the repository came back from a backup that is older than what you signed last';

/** Options of whatever signs and publishes. */
function changing(command: Command): Command {
  return keys(source(command))
    .option('--propose <file>', 'write a proposal for others to sign, and sign nothing')
    .option('--restored', RESTORED)
    .option('--by <name>', 'who approves, for people who read it (default: $TUFGATE_BY, else the user of this machine)')
    .option('--yes', 'do not ask');
}

function keys(command: Command): Command {
  return command.option(
    '--key <key>',
    'sign with this key: a file, env:VARIABLE, pkcs11:URI or program:COMMAND; may be repeated (default: those that are needed, of the folder of keys)',
    collect,
  );
}

function source(command: Command): Command {
  return command.option('--source <name>', 'which repository, where the configuration keeps several');
}

function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
