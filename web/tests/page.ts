import { readFileSync } from "node:fs";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, inject } from "vitest";
import type { Line } from "./made";

/** A page that is open, with all that went wrong in it and all that it asked for. */
export interface Open {
  page: Page;
  errors: string[];
  requests: string[];
}

/** A machine that is busy takes long to compile 14 MB of WebAssembly. */
const PATIENCE_MS = 120_000;

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

export async function open(
  browser: Browser,
  query = "",
  options: BrowserContextOptions = {},
): Promise<Open> {
  const context = await browser.newContext({ viewport: DESKTOP, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const [errors, requests]: [string[], string[]] = [[], []];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text()); // breaches of the policy, too
  });
  context.on("request", (request) => requests.push(request.url()));
  await page.goto(inject("address") + query);
  return { page, errors, requests };
}

export async function ready(browser: Browser, query = ""): Promise<Open> {
  const opened = await open(browser, query);
  await opened.page.waitForSelector("#listen:enabled");
  return opened;
}

/** Wait for a message above the page, and return it. */
export async function problem(page: Page): Promise<string> {
  await page.waitForFunction(() => document.querySelector("#problem")?.textContent);
  return (await page.textContent("#problem")) ?? "";
}

/** Have files heard as a user does, and wait until so many rows are there. */
export async function hear(page: Page, files: string[], rows: number): Promise<void> {
  await page.setInputFiles("#files", files);
  const count = () => page.locator("#history li").count();
  await expect.poll(count, { timeout: 240_000 }).toBe(rows); // of a hundred on a busy machine
}

/** Listen until the microphone's file was played: digital silence follows it, which the page tells. */
export async function listenToAll(page: Page): Promise<void> {
  await page.evaluate(() => (document.activeElement as HTMLElement).blur()); // it is the page's key
  await page.keyboard.press("Space");
  await page.waitForFunction(
    () => document.querySelector("#problem")?.textContent?.includes("digital silence"),
    null,
    { timeout: 240_000 },
  );
  await page.keyboard.press("Space");
  await page.waitForSelector("body[data-state=off]");
}

export async function transcript<T = Line>(page: Page): Promise<T[]> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click("#transcript")]);
  const lines = readFileSync(await file.path(), "utf8").split("\n");
  return lines.filter(Boolean).map((line) => JSON.parse(line));
}
