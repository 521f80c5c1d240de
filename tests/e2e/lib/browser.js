// Debian's Chromium without a window, driven through playwright-core; nothing is downloaded.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {chromium} from 'playwright-core';
import {ROOT} from './berth.js';
import {atEnd} from './atend.js';

const SCREENSHOTS = path.join(ROOT, 'build/screenshots');
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A browser for a whole test file: start it in before(), close it in after(). `more` arguments. */
export function launch(more = []) {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  assert.ok(fs.existsSync(executablePath), `${executablePath} is missing; CHROMIUM names another`);
  return chromium.launch({executablePath, headless: true, args: [...ARGS, ...more]});
}

/** A page with a profile of its own; `page.lines` is its console, `page.faults` its exceptions. */
export async function open(t, browser, url) {
  const context = await browser.newContext({viewport: {width: 1100, height: 800}});
  atEnd(t, () => context.close());
  const page = await context.newPage();
  page.lines = [];
  page.faults = [];
  page.on('console', (message) => page.lines.push(message.text()));
  page.on('pageerror', (error) => page.faults.push(error.message));
  if (url) await page.goto(url);
  return page;
}

/** Waits for a line of the console; a text has to stand in it, a pattern to match it. */
export async function line(page, wanted, within = 15_000) {
  const fits = (text) => (wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted));
  for (const deadline = Date.now() + within; Date.now() < deadline; ) {
    const found = page.lines.find(fits);
    if (found !== undefined) return found;
    await page.waitForTimeout(20);
  }
  return assert.fail(`the console never said ${wanted}; it said:\n${page.lines.join('\n')}`);
}

export async function screenshot(page, name, options = {}) {
  fs.mkdirSync(SCREENSHOTS, {recursive: true});
  await page.screenshot({path: path.join(SCREENSHOTS, `${name}.png`), ...options});
}
