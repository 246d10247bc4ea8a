import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";

const ROOT = join(import.meta.dirname, "../..");

declare module "vitest" {
  export interface ProvidedContext {
    /** Where expected.py put what it made. */
    made: string;
    /** Where web/dist is served. */
    address: string;
  }
}

let folder: string;
let server: ChildProcess;

/** Have Python say what is right, and serve the page that was built. */
export async function setup(project: TestProject): Promise<void> {
  folder = mkdtempSync(join(tmpdir(), "spoken-digits-web-"));
  const path = ["src", "tests", "benchmarks"].join(delimiter);
  execFileSync("python", ["web/tests/expected.py", folder], {
    cwd: ROOT,
    env: { ...process.env, PYTHONPATH: path },
    stdio: ["ignore", "inherit", "inherit"],
  });
  server = spawn("python", ["tools/serve.py", "--port", "0"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (!server.stdout) throw new Error("the server has no output");
  for await (const line of createInterface(server.stdout)) {
    project.provide("address", line.split(" ")[0]);
    break;
  }
  project.provide("made", folder);
}

export function teardown(): void {
  server.kill();
  rmSync(folder, { recursive: true });
}
