import { type Code, codeOf, type ErrorDetail, messageOf, TufgateError } from '../../errors.ts';

/** An error as it travels between threads, where classes do not. Its cause stays behind: messages tell what it said. */
export interface PlainError {
  readonly code: Code;
  readonly message: string;
  readonly detail: ErrorDetail;
}

export function plainError(error: unknown): PlainError {
  const detail = error instanceof TufgateError ? error.detail : {};
  return { code: codeOf(error), message: messageOf(error), detail };
}

export function revived({ code, message, detail }: PlainError): TufgateError {
  return new TufgateError(code, message, { detail });
}
