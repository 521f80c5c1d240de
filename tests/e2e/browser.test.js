// The example page in a real browser, from page load to an answered message; and where it must not work.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {after, before, describe, test} from 'node:test';
import {atEnd} from './lib/atend.js';
import {folder, IS_ROOT, ordinary, ROOT, serve} from './lib/berth.js';
import {launch, line, open, screenshot} from './lib/browser.js';
import {freeRange, listen, tarpit, yesSayer} from './lib/ports.js';

const EXAMPLE = path.join(ROOT, 'examples/assistant');
const CONF = fs.readFileSync(path.join(EXAMPLE, 'conf.yaml'), 'utf8');
const FIRST_FOR_USERS = Number(fs.readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
const PAGE = '/static/desktop.html';
const TAG = '[WEBSOCKET PORT FIX]';

/** The first port of 1018 and upward that this user may have. */
const firstPort = (user) => (IS_ROOT && user === undefined ? 1018 : Math.max(1018, FIRST_FOR_USERS));

let browser;
before(async () => (browser = await launch(['--host-resolver-rules=MAP evil.example 127.0.0.1'])));
after(() => browser.close());

/** The example, in a folder of its own, with lines added under BERTH:. */
async function assistant(t, {user, dir = folder(t, {user}), lines = [], args} = {}) {
  fs.cpSync(path.join(EXAMPLE, 'static'), path.join(dir, 'static'), {recursive: true});
  const conf = CONF.replace(/^BERTH:\n/m, ['BERTH:', ...lines.map((text) => `  ${text}`), ''].join('\n'));
  return serve(t, {dir, user, conf, args});
}

/** Types a message and waits until it is answered on the page. */
async function talk(page, text = 'Where is the harbour?') {
  await page.waitForSelector('#chip[data-state="connected"]');
  const answered = page.evaluate(
    () =>
      new Promise((resolve) => {
        let asked = false; // the greeting may still be under way
        window.assistantSocket.addEventListener('message', ({detail}) => {
          if (detail.type === 'control' && detail.text === 'conversation-chain-start') asked = true;
          if (asked && detail.type === 'full-text' && !/^thinking/i.test(detail.text)) resolve(detail.text);
        });
      }),
  );
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
  const answer = await Promise.race([answered, page.waitForTimeout(10_000)]);
  assert.ok(answer, `no answer to "${text}"; the console:\n${page.lines.join('\n')}`);
  const words = answer.replace(/\[\w+\]\s*/g, '').trim();
  await page.waitForFunction((text) => document.querySelector('#speech').textContent.trim() === text, words);
}

/** A plain web server for the example's files, as a frontend's own development server would be. */
async function elsewhere(t, {host = '127.0.0.1', root = EXAMPLE} = {}) {
  const types = {'.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml'};
  const server = http.createServer((request, response) => {
    const file = path.join(root, new URL(request.url, 'http://x').pathname);
    if (!fs.existsSync(file) || !fs.statSync(file).isFile()) return response.writeHead(404).end();
    response.writeHead(200, {'Content-Type': types[path.extname(file)] ?? 'text/plain'});
    return fs.createReadStream(file).pipe(response);
  });
  atEnd(t, () => {
    server.closeAllConnections();
    server.close();
  });
  const port = await freeRange(1);
  await listen(server, port, host);
  return port;
}

const users = IS_ROOT ? [['root', undefined], ['an ordinary user', ordinary]] : [['an ordinary user', undefined]];

for (const [name, user] of users) {
  describe(`ORIGIN.md's scenarios as ${name}`, () => {
    const first = firstPort(user);

    test(`1: port ${first} is free`, async (t) => {
      const server = await assistant(t, {user});
      assert.equal(server.port, first);
      const page = await open(t, browser, server.url(PAGE));
      await line(page, `${TAG} WebSocket connected successfully to port ${first}`);
      const wanted = [
        `${TAG} Starting WebSocket connection process...`,
        `${TAG} Found server port from file: ${first}`,
        `${TAG} Verified server on port ${first} from file`,
        `${TAG} Attempting WebSocket connection to ws://127.0.0.1:${first}/client-ws`,
        `${TAG} WebSocket connected successfully to port ${first}`,
      ];
      assert.deepEqual(page.lines.filter((text) => text.startsWith(TAG)), wanted);
      await talk(page);
      assert.equal(await page.evaluate(() => window.ws.readyState), 1, 'window.ws is the connection');
      await screenshot(page, `assistant-${user ?? 'own'}-1`);
      assert.deepEqual(page.faults, []);
    });

    test(`2: another program holds port ${first}`, async (t) => {
      const decoy = await yesSayer(t, first);
      const server = await assistant(t, {user});
      assert.equal(server.port, first + 1);
      assert.equal(server.portFile, String(first + 1));
      const page = await open(t, browser, server.url(PAGE));
      await line(page, `${TAG} Found server port from file: ${first + 1}`);
      await line(page, `${TAG} WebSocket connected successfully to port ${first + 1}`);
      await talk(page);
      assert.ok(!decoy.asked.some((target) => target.includes('ws')), 'the decoy was never taken for the server');
      await screenshot(page, `assistant-${user ?? 'own'}-2`);
    });

    test('3: the port file cannot be read', async (t) => {
      await tarpit(t, first);
      const server = await assistant(t, {user});
      const page = await open(t, browser);
      await page.route('**/server_port.txt', (route) => route.abort());
      await page.goto(server.url(PAGE));
      await line(page, `${TAG} Could not read port file`);
      await line(page, `${TAG} Verified server on port ${server.port} by scan`);
      await line(page, `${TAG} WebSocket connected successfully to port ${server.port}`);
      await talk(page);
      await screenshot(page, `assistant-${user ?? 'own'}-3`);
    });
  });
}

describe('a page that is not served by the server itself', () => {
  test('another origin on loopback finds the server by scan, and is not taken in by a decoy', async (t) => {
    const decoy = await yesSayer(t, firstPort(), {body: '{"status":"ok","app":"other"}', type: 'application/json'});
    const page = await open(t, browser, `http://127.0.0.1:${await elsewhere(t)}${PAGE}`);
    await line(page, `${TAG} Could not read port file`);
    await line(page, new RegExp(`Port ${firstPort()} answers, but is not our server`));
    const server = await assistant(t);
    await line(page, `${TAG} WebSocket connected successfully to port ${server.port}`);
    await talk(page);
    assert.ok(!decoy.asked.includes('/client-ws'));
  });

  test('a tarpit among the ports costs no time worth naming', async (t) => {
    await tarpit(t, firstPort());
    const server = await assistant(t);
    const page = await open(t, browser);
    const port = await elsewhere(t);
    const began = performance.now();
    await page.goto(`http://127.0.0.1:${port}${PAGE}`);
    await line(page, `${TAG} WebSocket connected successfully to port ${server.port}`);
    assert.ok(performance.now() - began < 2500, `${performance.now() - began} ms`);
  });

  test('from file:// it says what the browser or the server forbids', async (t) => {
    const server = await assistant(t);
    const page = await open(t, browser, pathToFileURL(path.join(EXAMPLE, PAGE)).href);
    await line(page, /Could not read port file: the browser forbids it to a page opened from file:/);
    await line(page, `${TAG} Verified server on port ${server.port} by scan`);
    const why = await line(page, /ALLOWED_ORIGINS|null/);
    t.diagnostic(why);
    assert.notEqual(await page.evaluate(() => window.ws?.readyState), 1);
    await screenshot(page, 'assistant-file-refused');
  });

  test('from file:// it works once the configuration allows "null"', async (t) => {
    const server = await assistant(t, {lines: ['ALLOWED_ORIGINS: ["null"]']});
    const page = await open(t, browser, pathToFileURL(path.join(EXAMPLE, PAGE)).href);
    await line(page, `${TAG} WebSocket connected successfully to port ${server.port}`);
    await talk(page);
    await screenshot(page, 'assistant-file-allowed');
  });

  test('no server at all: it says so, and connects as soon as there is one', async (t) => {
    const page = await open(t, browser, `http://127.0.0.1:${await elsewhere(t)}${PAGE}`);
    await page.waitForSelector('#chip[data-state="lost"]');
    await screenshot(page, 'assistant-absent');
    const server = await assistant(t);
    await line(page, `${TAG} WebSocket connected successfully to port ${server.port}`);
    await talk(page);
  });

  test('a server that comes back on another port is found again', async (t) => {
    const first = await assistant(t);
    const page = await open(t, browser, first.url(PAGE));
    await line(page, `${TAG} WebSocket connected successfully to port ${first.port}`);
    await first.stop();
    await yesSayer(t, first.port);
    const second = await assistant(t, {dir: first.dir}); // the same app: it holds the same key
    assert.notEqual(second.port, first.port);
    await line(page, `${TAG} WebSocket connected successfully to port ${second.port}`);
    await talk(page);
  });
});

describe('pages of strangers', () => {
  const attempt = (port) => `
    const outcome = (promise) => promise.then((value) => String(value), (error) => 'failed');
    const socket = new Promise((resolve, reject) => {
      const ws = new WebSocket('ws://127.0.0.1:${port}/client-ws');
      ws.onopen = () => resolve('open');
      ws.onerror = () => reject(new Error('refused'));
    });
    const data = fetch('http://127.0.0.1:${port}/static/desktop.html').then((answer) => answer.text());
    Promise.all([outcome(socket), outcome(data)]).then(([ws, text]) => parent.postMessage({ws, text}, '*'));`;

  async function asked(t, url, port, {sandboxed = false} = {}) {
    const page = await open(t, browser, url);
    return page.evaluate(
      ([script, sandbox]) =>
        new Promise((resolve) => {
          window.addEventListener('message', (event) => resolve(event.data));
          const frame = document.createElement('iframe');
          if (sandbox) frame.setAttribute('sandbox', 'allow-scripts');
          frame.srcdoc = `<script>${script}</script>`;
          document.body.append(frame);
        }),
      [attempt(port), sandboxed],
    );
  }

  async function strangersPage(t) {
    const root = folder(t);
    fs.writeFileSync(path.join(root, 'page.html'), '<!doctype html><title>stranger</title><body>');
    return elsewhere(t, {root});
  }

  test('another origin gets no WebSocket and no data', async (t) => {
    const server = await assistant(t);
    const url = `http://evil.example:${await strangersPage(t)}/page.html`;
    assert.deepEqual(await asked(t, url, server.port), {ws: 'failed', text: 'failed'});
  });

  test('a sandboxed page (Origin: null) gets no WebSocket and no data', async (t) => {
    const server = await assistant(t);
    const url = `http://127.0.0.1:${await strangersPage(t)}/page.html`;
    assert.deepEqual(await asked(t, url, server.port, {sandboxed: true}), {ws: 'failed', text: 'failed'});
  });

  test('the same page from loopback does get in: the refusals above have the origin for a reason', async (t) => {
    const server = await assistant(t);
    const url = `http://127.0.0.1:${await strangersPage(t)}/page.html`;
    const {ws, text} = await asked(t, url, server.port);
    assert.equal(ws, 'open');
    assert.match(text, /<html/);
  });

  test('a name that was rebound to 127.0.0.1 is answered 421', async (t) => {
    const server = await assistant(t);
    const page = await open(t, browser);
    for (const target of ['/', PAGE, '/health', '/server_port.txt']) {
      const answer = await page.goto(`http://evil.example:${server.port}${target}`);
      assert.equal(answer.status(), 421, target);
    }
  });

  test('ALLOWED_ORIGINS: ["*"] opens it', async (t) => {
    const server = await assistant(t, {lines: ['ALLOWED_ORIGINS: ["*"]']});
    const url = `http://evil.example:${await strangersPage(t)}/page.html`;
    assert.equal((await asked(t, url, server.port)).ws, 'open');
  });
});

describe('the status page', () => {
  test('names port, state and holders, and talks over /client-ws', async (t) => {
    await tarpit(t, firstPort());
    const server = await assistant(t);
    const page = await open(t, browser, server.url('/'));
    await page.waitForSelector('#chip[data-state="ready"]');
    assert.equal((await page.textContent('#port')).trim(), String(server.port));
    const passed = await page.textContent('#passed-rows');
    assert.ok(passed.includes(String(firstPort())) && passed.includes(String(process.pid)), passed);
    await page.click('#connect');
    await page.waitForSelector('#socket-chip[data-state="open"]');
    await page.fill('#message', '{"type":"text-input","text":"Hello from the status page"}');
    await page.click('#talk button[type="submit"]');
    await page.waitForFunction(() => /full-text/.test(document.querySelector('#log').textContent));
    await page.waitForFunction(() => Number(document.querySelector('#websocket').textContent) === 1);
    await screenshot(page, 'status', {fullPage: true});
    assert.deepEqual(page.faults, []);
    await server.stop();
    await page.waitForSelector('#gone:not([hidden])');
    await screenshot(page, 'status-gone');
  });
});
