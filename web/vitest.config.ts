import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { "onnxruntime-web/wasm": "onnxruntime-web" } }, // its build for Node
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: ["tests/setup.ts"],
    reporters: "verbose",
    testTimeout: 300_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    fileParallelism: false, // sound is heard in real time: nothing beside it
  },
});
