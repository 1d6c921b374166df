/** A real browser for tests of pages: Debian's Chromium, driven over its own protocol. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'] as const;

const OPTIONS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
] as const;

/** Null, and a printed reason, where there is none. @throws in CI, where skipping is not allowed. */
export function findBrowser(): string | null {
  const found = PATHS.find((path) => existsSync(path));
  if (found !== undefined) return found;
  const reason = 'Chromium is not installed, so pages are not looked at';
  if (process.env.OPENBELL_TEST_NO_SKIP) throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return null;
}

/** With an empty profile of its own, which goes with it. */
export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: [...OPTIONS] });
}
