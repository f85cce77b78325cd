import { codeOf, type Code } from '../errors.ts';

/** The contract of the command line: 0 done · 1 fault · 2 usage or configuration · 3 refused · 4 not found · 5 a peer failed us. */
export const EXIT = { done: 0, fault: 1, usage: 2, refused: 3, notFound: 4, unreachable: 5 } as const;

/** Of several: what is refused counts before what could not be asked, and that before what is not there or names no image. */
export function worstOf(codes: readonly number[]): number {
  const order = [EXIT.fault, EXIT.refused, EXIT.unreachable, EXIT.notFound, EXIT.usage];
  return order.find((code) => codes.includes(code)) ?? EXIT.done;
}

export function exitCodeOf(error: unknown): number {
  return exitCode(codeOf(error));
}

export function exitCode(code: Code): number {
  if (code === 'usage' || code === 'config.invalid') return EXIT.usage;
  if (code === 'request.name' || code === 'request.digest') return EXIT.usage;
  if (code === 'upstream.not-found') return EXIT.notFound;
  // What is left of `upstream`: unreachable, rate-limited, unauthorized, protocol. None says anything about the image.
  if (code === 'trust.unreachable' || code.startsWith('upstream.')) return EXIT.unreachable;
  const refused = /^(?:policy|trust|integrity|archive)\./.test(code);
  return refused ? EXIT.refused : EXIT.fault;
}
