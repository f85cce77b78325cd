import { policyOf } from '../compose.ts';
import { explainImage, renderExplanation } from './explain-image.ts';
import { EXIT } from './exit-code.ts';
import type { CommandContext } from './context.ts';

/** Loading is the check: it refuses with file, line and column. With `--image` it says what would happen to one. */
export function checkConfig({ config, out }: CommandContext, { image }: { readonly image?: string }): Promise<number> {
  const loaded = config();
  const policy = policyOf(loaded);
  const explanation = image === undefined ? undefined : explainImage(loaded, policy, image, Date.now());
  if (out.json) out.document({ file: loaded.file, ok: true, ...(explanation === undefined ? {} : { explanation }) });
  else if (explanation !== undefined) out.fact(renderExplanation(explanation));
  else out.fact(summary(loaded.file, loaded.upstreams.size, loaded.trust.size, policy.rules.length));
  return Promise.resolve(EXIT.done);
}

function summary(file: string, upstreams: number, sources: number, rules: number): string {
  return `${file} is in order: ${upstreams} upstreams, ${sources} trust sources, ${rules} rules`;
}
