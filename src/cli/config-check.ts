import { resolve } from 'node:path';
import { policyOf } from '../compose.ts';
import type { Config } from '../config/config.ts';
import { ConfigInvalid } from '../config/problems.ts';
import { codeOf, messageOf } from '../errors.ts';
import { explainImage } from './explain-image.ts';
import { EXIT } from './exit-code.ts';
import type { CommandContext } from './context.ts';
import { renderExplanation } from './render-explanation.ts';
import { lastDay } from './time-words.ts';

/** Loading is the check: it refuses with file, line and column. With `--image` it says what would happen to one. */
export function checkConfig(context: CommandContext, { image }: { readonly image?: string }): Promise<number> {
  const { out, file } = context;
  const loaded = loadOrTell(context);
  if (loaded === undefined) return Promise.resolve(EXIT.usage);
  const now = Date.now();
  const policy = policyOf(loaded);
  const warnings = endedExemptions(loaded, now);
  for (const { line, message } of warnings) out.message(`${file}:${line}: warning: ${message}`);
  const explanation = image === undefined ? undefined : explainImage(loaded, policy, image, now);
  if (out.json) {
    const explained = explanation === undefined ? {} : { explanation };
    out.document({ file: loaded.file, ok: true, warnings, ...explained });
  } else if (explanation !== undefined) out.fact(renderExplanation(explanation));
  else out.fact(summary(loaded));
  return Promise.resolve(EXIT.done);
}

/** Undefined when it does not load; what is wrong with it was then said. */
function loadOrTell({ config, out, file }: CommandContext): Config | undefined {
  try {
    return config();
  } catch (error) {
    if (codeOf(error) !== 'config.invalid') throw error;
    const unreadable = { line: null, column: null, message: messageOf(error) };
    const problems = error instanceof ConfigInvalid ? error.problems : [unreadable];
    if (out.json) out.document({ file: resolve(file), ok: false, problems });
    out.failed(error);
    return undefined;
  }
}

interface Warning {
  readonly line: number;
  readonly message: string;
}

/** No error: the rule refuses from then on, as it was written to. But somebody waits for those images. */
function endedExemptions({ policy }: Config, now: number): Warning[] {
  return policy.flatMap(({ action, position, match, line }) => {
    if (action.kind !== 'allow' || now < action.untilMs) return [];
    const message = `rule ${position} (${match}) ended with ${lastDay(action.untilMs)} and refuses since; extend or remove it`;
    return [{ line, message }];
  });
}

function summary({ file, upstreams, trust, policy }: Config): string {
  const counts = [
    counted(upstreams.size, 'upstream'),
    counted(trust.size, 'trust source'),
    counted(policy.length, 'rule'),
  ];
  return `${file} is in order: ${counts.join(', ')}`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
