export interface Row {
  readonly title: string;
  readonly name: string;
  readonly values: readonly number[];
  readonly show: (value: number) => string;
  /** At least this ratio of our median to this row's. */
  readonly wanted?: readonly [ratio: string, ours: number] | undefined;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (
    ((sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? NaN)) / 2
  );
}

export function gbps(bytesPerSecond: number): string {
  return `${(bytesPerSecond / 1e9).toFixed(2)} GB/s`;
}

/** Prints medians, spread and ratios. @returns whether every ratio is reached */
export function table(print: (line: string) => void, rows: readonly Row[]): boolean {
  const verdicts = rows.map((row) => {
    const ratio = row.wanted === undefined ? undefined : row.wanted[1] / median(row.values);
    const reached = ratio === undefined || ratio >= Number(row.wanted?.[0]);
    const spread = `${row.show(Math.min(...row.values))} to ${row.show(Math.max(...row.values))}`;
    const against =
      ratio === undefined
        ? ''
        : ` · ours is ${ratio.toFixed(2)}×, asked ${row.wanted?.[0]}${reached ? '' : ': MISSED'}`;
    print(
      `${row.title.padEnd(18)} ${row.name.padEnd(34)} ${row.show(median(row.values)).padStart(10)} (${spread})${against}`,
    );
    return reached;
  });
  return verdicts.every(Boolean);
}
