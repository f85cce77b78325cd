/** Characters. */
const MAX = 500;

/**
 * Why this cannot stand beside an approval as its reason; undefined when it can. Gates show it to clients, and people read it in
 * lists: nothing in it may move a cursor or reorder what is read.
 */
export function whyNoReason(text: string): string | undefined {
  if (text.trim() === '') return 'the reason is empty';
  if (text.length > MAX) return `the reason is longer than ${MAX} characters`;
  return /\p{C}/u.test(text) ? 'the reason holds characters that cannot be shown' : undefined;
}
