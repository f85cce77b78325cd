/**
 * Names, messages, labels and user agents come from outside: control characters would let a stranger rewrite the
 * reader's terminal or add lines to what he reads, direction marks would reorder one.
 */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** The same, cut: what a stranger wrote takes no more room than this. @param most characters that are shown, the mark aside */
export function visibleStart(text: string, most: number): string {
  // Cut before it is looked at: a text of megabytes costs nothing.
  const shown = visible(text.slice(0, most));
  if (text.length <= most && shown.length <= most) return shown;
  return `${shown.slice(0, most).toWellFormed()}…`;
}
