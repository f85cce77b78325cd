const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const;

/** For people, in decimal units as Docker prints them: `812 bytes`, `12.1 MB`. @param bytes a whole number, not negative */
export function sizeWords(bytes: number): string {
  let [size, unit] = [bytes, 0];
  // Below what rounding would write as 1000.0.
  while (size >= (unit === 0 ? 1000 : 999.95) && unit < UNITS.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${unit === 0 ? size : size.toFixed(1)} ${UNITS[unit] ?? ''}`;
}

/** `1 layer`, `5 layers`. */
export function countWords(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
