// The browser side of the sync lab. `watchalong-bench sync` starts it and speaks JSON lines over
// stdin and stdout: {"id":1,"do":"open","page":0,"url":"…"} is answered {"id":1,"ok":…} or
// {"id":1,"problem":"…"}. It opens each page in a browser process of its own, presses what a person
// would press, and hands over what each page really showed. It judges nothing.
//
// What was shown comes from our own requestVideoFrameCallback on the page's video, not from the
// page's sync engine, so that the engine is measured and not asked. Times are put on one clock for
// all processes: Chromium tells each page's navigation start on the machine's monotonic clock.
import { createInterface } from 'node:readline';

import { chromium } from '@playwright/test';

import { FLAGS } from '../chromium.mjs';
import { watch } from './watch.mjs';

/** How long a page may take to show its video or a button. */
const PATIENCE = 30_000;

/** @typedef {{ browser: import('@playwright/test').Browser, page: import('@playwright/test').Page, cdp: import('@playwright/test').CDPSession, problems: string[] }} Viewer */
/** @type {Map<number, Viewer>} */
const viewers = new Map();

/** @param {number} number */
function viewer(number) {
  const found = viewers.get(number);
  if (!found) throw new Error(`page ${number} is not open`);
  return found;
}

/** @param {Viewer} of Milliseconds of the machine's monotonic clock at the page's time origin. */
async function timeOrigin({ cdp }) {
  const { metrics } = await cdp.send('Performance.getMetrics');
  const start = metrics.find((metric) => metric.name === 'NavigationStart');
  if (!start?.value) throw new Error('Chromium does not tell the navigation start');
  return start.value * 1000;
}

/** @type {Record<string, (ask: any) => Promise<unknown>>} */
const commands = {
  /** Opens a page in a browser of its own, and returns once it has navigated. */
  async open({ page: number, url }) {
    const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
    const browser = await chromium.launch({ executablePath, args: FLAGS });
    const page = await browser.newPage({ viewport: { width: 960, height: 600 } });
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('Performance.enable');
    /** @type {string[]} */
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    viewers.set(number, { browser, page, cdp, problems });
    await page.addInitScript(watch);
    await page.goto(url, { waitUntil: 'commit' });
  },

  /** Waits until the page's video could play. */
  async ready({ page: number }) {
    const { page } = viewer(number);
    await page.waitForFunction(
      () => (document.querySelector('video')?.readyState ?? 0) >= HTMLMediaElement.HAVE_FUTURE_DATA,
      undefined,
      { timeout: PATIENCE, polling: 100 },
    );
  },

  /** Presses something; `x` (0 to 1) is where across its width, else in its middle. */
  async click({ page: number, testid, x }) {
    const target = viewer(number).page.getByTestId(testid);
    const box = x === undefined ? null : await target.boundingBox({ timeout: PATIENCE });
    await target.click({
      timeout: PATIENCE,
      ...(box ? { position: { x: box.width * x, y: box.height / 2 } } : {}),
    });
  },

  /** All that was shown and pressed so far. */
  async collect({ page: number }) {
    const one = viewer(number);
    const origin = await timeOrigin(one);
    const seen = await one.page.evaluate(() => /** @type {any} */ (window).__lab);
    return { origin, ...seen, problems: one.problems };
  },

  async screenshot({ page: number, path }) {
    await viewer(number).page.screenshot({ path });
  },

  /** Closes all browsers; the next repetition starts with fresh ones. */
  async close() {
    await Promise.all([...viewers.values()].map(({ browser }) => browser.close()));
    viewers.clear();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const ask = JSON.parse(line);
  const work = commands[ask.do] ?? (() => Promise.reject(new Error(`unknown command ${ask.do}`)));
  // Not awaited: pages open at the same time.
  void work(ask)
    .then((ok) => ({ id: ask.id, ok: ok ?? null }))
    .catch((error) => ({ id: ask.id, problem: String(error) }))
    .then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
}
await commands.close?.({});
