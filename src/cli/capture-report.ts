import type { CaptureResult } from '../lifeboat/capture-all.ts';
import type { Capture } from '../lifeboat/capture-file.ts';
import { instantText } from '../text/instant-text.ts';
import { folderName } from '../lifeboat/collection-folder.ts';
import { EXIT, exitCode } from './exit-code.ts';
import type { ListedGun } from './capture-list.ts';

/** What became of each name: a result, or why it names no collection. */
export type Reported = CaptureResult | Extract<ListedGun, { readonly kind: 'unreadable' }>;

export function captureLine(result: Reported): string {
  switch (result.kind) {
    case 'captured': {
      const { capture, tags } = result.captured;
      if (capture.state === 'expired')
        return `expired     ${result.gun}  archived, and not to be believed: ${capture.why}`;
      return `captured    ${result.gun}  ${count(tags, 'tag')}, ${anchorWords(capture)}${gapWords(capture)}`;
    }
    case 'present': {
      const { capture } = result.stored;
      const words = capture.state === 'expired' ? 'had expired then' : anchorWords(capture);
      return `present     ${result.gun}  captured ${instantText(capture.capturedAt)}, ${words}`;
    }
    case 'not-found':
      return `not found   ${result.gun}  the server has no such collection`;
    case 'failed':
      return `failed      ${result.gun}  ${result.error.code}: ${result.error.message}`;
    case 'not-tried':
      return `not tried   ${result.gun}`;
    case 'unreadable':
      return `unreadable  ${result.text}  ${result.error.message}`;
  }
}

export function captureDocument(result: Reported): unknown {
  switch (result.kind) {
    case 'captured': {
      const { capture, sha256, tags } = result.captured;
      return { ...facts(result.kind, capture), tags, folder: folderName(result.captured), sha256 };
    }
    case 'present':
      return {
        ...facts(result.kind, result.stored.capture),
        folder: folderName(result.stored),
        sha256: result.stored.sha256,
      };
    case 'failed':
      return { gun: result.gun, outcome: result.kind, code: result.error.code, message: result.error.message };
    case 'unreadable':
      return { text: result.text, outcome: result.kind, code: result.error.code, message: result.error.message };
    case 'not-found':
    case 'not-tried':
      return { gun: result.gun, outcome: result.kind };
  }
}

/** What one name means for the exit code. An expired collection is in the archive, and will be refused. */
export function captureExit(result: Reported): number {
  switch (result.kind) {
    case 'captured':
      return result.captured.capture.state === 'expired' ? EXIT.refused : EXIT.done;
    case 'present':
      return result.stored.capture.state === 'expired' ? EXIT.refused : EXIT.done;
    case 'not-found':
      return EXIT.notFound;
    case 'failed':
    case 'unreadable':
      return exitCode(result.error.code);
    case 'not-tried':
      return EXIT.unreachable;
  }
}

export function captureSummary(results: readonly Reported[]): string {
  const kinds = ['captured', 'present', 'not-found', 'failed', 'not-tried', 'unreadable'] as const;
  const counted = kinds.map((kind) => [kind, results.filter((result) => result.kind === kind).length] as const);
  const words = counted.flatMap(([kind, number]) => (number > 0 ? [`${number} ${kind.replace('-', ' ')}`] : []));
  const captures = results.flatMap((result) => captureOf(result) ?? []);
  const expired = captures.filter(({ state }) => state === 'expired').length;
  const first = captures.filter(({ anchor, state }) => anchor.kind === 'first-use' && state === 'verified').length;
  if (expired > 0) words.push(`${expired} of them expired`);
  if (first > 0) words.push(`${first} on first use: compare the root keys with what the publishers say`);
  return words.join(', ');
}

function captureOf(result: Reported): Capture | undefined {
  if (result.kind === 'captured') return result.captured.capture;
  return result.kind === 'present' ? result.stored.capture : undefined;
}

function facts(outcome: string, capture: Capture): object {
  const { gun, url, capturedAt, anchor, state, why, rootsFrom, missing, unverified, files } = capture;
  const captured = { capturedAt: instantText(capturedAt), state, why, anchor, rootsFrom, files: files.length };
  return { gun, outcome, url, ...captured, missing, unverified };
}

function anchorWords({ anchor }: Capture): string {
  const keys = anchor.rootKeys.join(', ');
  return anchor.kind === 'pin' ? `pinned by ${anchor.words}` : `first use, root keys ${keys}`;
}

function gapWords({ missing, unverified }: Capture): string {
  const roles = unverified.map(({ role, code }) => `${role} (${code})`).join(', ');
  const gaps = missing.length > 0 ? `; the server lacks ${missing.map(({ name }) => name).join(', ')}` : '';
  return gaps + (roles === '' ? '' : `; not believed: ${roles}`);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
