import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: [
      'src/**/*.test.ts',
      'test/*.test.ts',
      'test/stories/*.test.ts',
      'test/fuzz/*.test.ts',
      'test/hostile/*.test.ts',
      'test/conformance/*.test.ts',
      'test/differential/*.test.ts',
    ],
    testTimeout: 20_000,
  },
});
