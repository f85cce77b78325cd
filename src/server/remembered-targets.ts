import { readTarget, type Registries, type Target } from './target.ts';

/** As `readTarget`, which alone judges names. @throws as it does */
export type ReadTarget = (url: string, host: string | undefined) => Target | undefined;

const MAX_TARGETS = 10_000;
const MAX_LENGTH = 1_024;

/**
 * Clients send the same few lines again and again: each is read once. Only what was accepted is remembered, by the very bytes that were
 * sent, host included; a flood of other lines forgets all, and costs time, not memory.
 */
export function rememberTargets(registries: Registries): ReadTarget {
  const targets = new Map<string, Target>();
  return (url, host) => {
    // No header and no request line has a line break in it.
    const sent = `${host ?? '\n'}\n${url}`;
    const known = targets.get(sent);
    if (known !== undefined) return known;
    const target = readTarget(url, host, registries);
    if (target === undefined || sent.length > MAX_LENGTH) return target;
    if (targets.size >= MAX_TARGETS) targets.clear();
    targets.set(sent, target);
    return target;
  };
}
