/** Counts what a source is asked, for who waits for the so manieth question. */
export class Questions {
  private awaited: { count: number; readonly resolve: () => void } | undefined;

  one(): void {
    if (this.awaited !== undefined && --this.awaited.count === 0) this.awaited.resolve();
  }

  after(count: number): Promise<void> {
    return new Promise((resolve) => void (this.awaited = { count, resolve }));
  }
}
