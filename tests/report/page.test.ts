import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { documentOf } from '../../src/report/document.ts';
import { escapeHtml } from '../../src/report/markup.ts';
import { renderPage } from '../../src/report/page.ts';
import { findBrowser, startBrowser } from '../support/browser.ts';
import { at, exampleWalk, fill } from './example.ts';

const EVIL = `</td><script>document.title='owned'</script><img src="http://127.0.0.1:9/x" onerror="document.title='owned'">'"&`;

function page(): string {
  const walk = exampleWalk([
    fill(at(2, 3), 'buy', { qty: '1', price: '16', reason: EVIL, instanceId: EVIL }),
    fill(at(2, 4), 'sell', { qty: '1', price: '17', reason: EVIL, instanceId: EVIL }),
    fill(at(2, 5), 'buy', { qty: '1', price: '5', symbol: EVIL, instanceId: EVIL }),
  ]);
  const points = { instanceId: EVIL, series: EVIL, value: 5, atMicros: at(2, 5) };
  walk.market(EVIL).plot({ ...points, symbol: EVIL });
  const subject = { batchId: EVIL, environment: 'PAPER', strategies: [EVIL], daysPerYear: 252 };
  return renderPage(documentOf(walk, { ...subject, benchmark: EVIL, notes: [EVIL] }));
}

describe('the page', () => {
  it('holds no markup of a strategy, no script and no address', () => {
    const text = page();
    expect(text).not.toMatch(/<(?:script|img|link|iframe|object|a)\b|url\(/i);
    expect(text).toContain('&lt;script&gt;');
    expect(text).toMatch(/default-src &#39;none&#39;/);
  });

  it('escapes every sign that means something, and leaves out what no page may hold', () => {
    expect(escapeHtml(`a<b>&"'\u0000\u001b\n`)).toBe('a&lt;b&gt;&amp;&quot;&#39;\n');
  });
});

const path = findBrowser();

describe.skipIf(path === null)('the page in a browser', () => {
  let browser: Browser;
  let folder: string;
  let address: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'openbell-page-'));
    const file = join(folder, 'report.html');
    writeFileSync(file, page());
    address = `file://${file}`;
    browser = await startBrowser(path!);
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens it, and collects what it asks for and complains about. */
  async function open(options: { width: number; colorScheme: 'light' | 'dark' }) {
    const context = await browser.newContext({
      viewport: { width: options.width, height: 800 },
      colorScheme: options.colorScheme,
    });
    const shown = await context.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    shown.on('request', (request) => requests.push(request.url()));
    shown.on('console', (message) => complaints.push(message.text()));
    shown.on('pageerror', (error) => complaints.push(error.message));
    await shown.goto(address);
    return { shown, context, requests, complaints };
  }

  it('asks for nothing else, runs nothing and complains of nothing', async () => {
    const { shown, context, requests, complaints } = await open({ width: 1_100, colorScheme: 'light' });
    expect(requests).toEqual([address]);
    expect(complaints).toEqual([]);
    expect(await shown.title()).toBe(`Openbell report ${EVIL}`);
    expect(await shown.locator('script, img').count()).toBe(0);
    expect(await shown.locator('h1').textContent()).toBe(EVIL);
    await context.close();
  });

  it('shows charts, months, round trips, and what is not meaningful', async () => {
    const { shown, context } = await open({ width: 1_100, colorScheme: 'light' });
    const charts = shown.locator('figure.chart svg');
    expect(await charts.count()).toBeGreaterThanOrEqual(4);
    for (const chart of await charts.all()) {
      const box = await chart.boundingBox();
      expect(box!.width).toBeGreaterThan(600);
      expect(box!.height).toBeGreaterThan(150);
    }
    expect(await shown.locator('.dot.buy').count()).toBeGreaterThanOrEqual(4);
    expect(await shown.locator('.dot title').first().textContent()).toBe(
      '2024-01-31 15:30 buy 10 at 10: buy it',
    );
    expect(await shown.locator('.thin', { hasText: 'Sharpe' }).textContent()).toMatch(
      /not meaningful: 3 days/,
    );
    const text = await shown.locator('main').textContent();
    for (const word of [
      'Sortino',
      'Calmar',
      'Profit factor',
      'Exposure',
      'Turnover',
      'Average MAE',
      'Average R',
    ])
      expect(text).toContain(word);
    await context.close();
  });

  it('fits a phone: nothing but wide tables is scrolled sideways, and text is large enough', async () => {
    const { shown, context } = await open({ width: 360, colorScheme: 'light' });
    const sizes = await shown.evaluate<{ page: number; window: number; smallest: number }>(`({
      page: document.documentElement.scrollWidth,
      window: window.innerWidth,
      smallest: Math.min(...[...document.querySelectorAll('main *')]
        .filter((element) => element.childElementCount === 0 && element.tagName !== 'title')
        .map((element) => Number.parseFloat(getComputedStyle(element).fontSize))),
    })`);
    expect(sizes.page).toBeLessThanOrEqual(sizes.window);
    expect(sizes.smallest).toBeGreaterThanOrEqual(11);
    await context.close();
  });

  it('is dark where the system is: text and ground stand apart in both', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { shown, context } = await open({ width: 800, colorScheme });
      const [ground, text] = await shown.evaluate<readonly [number, number]>(
        '((body) => [body.backgroundColor, body.color].map((value) => Number(/\\d+/.exec(value)[0])))(getComputedStyle(document.body))',
      );
      const [dark, bright] = colorScheme === 'dark' ? [ground, text] : [text, ground];
      expect(dark).toBeLessThan(60);
      expect(bright).toBeGreaterThan(200);
      await context.close();
    }
  });
});
