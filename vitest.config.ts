import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Property tests and fuzz corpora are bounded by count, not by time; a slow machine must not fail them.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
