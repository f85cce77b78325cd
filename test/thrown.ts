import { codeOf, messageOf } from '../src/errors.ts';

/** The code of what `work` throws; `accepted` when it throws nothing. */
export function code(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return codeOf(error);
  }
  return 'accepted';
}

/** The message of what `work` throws; empty when it throws nothing. */
export function message(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return messageOf(error);
  }
  return '';
}
