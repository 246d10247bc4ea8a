import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { defineConfig, type Plugin } from "vite";

/** Tell the service worker which files the built page consists of. */
function offline(folder: string): Plugin {
  return {
    name: "offline",
    apply: "build",
    closeBundle() {
      const worker = join(folder, "sw.js");
      const files = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((file) => file.isFile())
        .map((file) => relative(folder, join(file.parentPath, file.name)).replaceAll("\\", "/"))
        .filter((name) => name !== "sw.js")
        .sort();
      const digest = createHash("sha256");
      for (const name of files) digest.update(name).update(readFileSync(join(folder, name)));
      const code = readFileSync(worker, "utf8")
        .replace(/\bFILES\b/, JSON.stringify(["./", ...files]))
        .replace(/\bVERSION\b/, JSON.stringify(digest.digest("hex").slice(0, 12)));
      writeFileSync(worker, code);
    },
  };
}

const OUT = join(import.meta.dirname, "dist");

export default defineConfig({
  base: "./", // any folder of any host
  build: {
    outDir: OUT,
    target: "es2022",
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: addresses
    modulePreload: false,
    rollupOptions: {
      input: {
        index: join(import.meta.dirname, "index.html"),
        sw: join(import.meta.dirname, "src/sw.ts"),
      },
      output: {
        entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  worker: { format: "es" },
  plugins: [offline(OUT)],
});
