import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";

const ROOT = join(import.meta.dirname, "../..");

declare module "vitest" {
  export interface ProvidedContext {
    /** Where expected.py put what it made. */
    made: string;
    /** Where `made("web/dist")` is served, a copy of the page that was built. */
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
  cpSync(join(ROOT, "web/dist"), join(folder, "web/dist"), { recursive: true });
  server = spawn("python", [join(ROOT, "tools/serve.py"), "--port", "0"], {
    cwd: folder,
    env: { ...process.env, PYTHONPATH: join(ROOT, "src") },
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
