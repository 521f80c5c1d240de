// connect and open: a terminal's way to the server, and a browser's.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {beforeEach, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {atEnd} from './lib/atend.js';
import {berth, conf, folder, program, Run, serve, write} from './lib/berth.js';
import {freeRange, listen, tarpit} from './lib/ports.js';
import {request} from './lib/wire.js';

let base;
beforeEach(async () => (base = await freeRange(14)));

/** Runs `berth connect` in a folder, with a pipe as its input. */
function connect(t, dir, args = [], options = {}) {
  const run = new Run({dir, args: ['connect', ...args], input: 'pipe', ...options});
  atEnd(t, () => {
    if (!run.exit) run.process.kill('SIGKILL');
    return run.exited;
  });
  return run;
}

const opened = (run) => run.until(() => /^connected to /m.test(run.stderr), 'connection');
const said = (run, line) => run.until(() => run.stdout.includes(`${line}\n`), `line ${line}`);

describe('connect', () => {
  test('finds the server, sends lines, prints messages, ends with the input', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const run = connect(t, server.dir);
    run.process.stdin.write('one\n\nthree ünïcode\nno line end');
    run.process.stdin.end();
    await run.ended();
    assert.equal(run.stdout, 'one\n\nthree ünïcode\nno line end\n');
    assert.match(run.stderr, new RegExp(`^connected to e2e at http://\\S+:${base} \\(proved\\)\\n$`));
  });

  test('a file as input, and an input that is empty', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const file = path.join(server.dir, 'lines.txt');
    const lines = Array.from({length: 20000}, (unused, i) => `line ${i}`).join('\n');
    for (const content of [lines, '']) {
      fs.writeFileSync(file, content);
      const run = connect(t, server.dir, [], {input: fs.openSync(file, 'r')});
      await run.ended();
      assert.equal(run.stdout, content === '' ? '' : `${content}\n`);
    }
    const run = connect(t, server.dir, ['--linger', '0'], {input: 'ignore'});
    await run.ended();
  });

  test('what is no UTF-8 goes as a binary message, and comes back as a note', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const run = connect(t, server.dir);
    run.process.stdin.end(Buffer.from([0x61, 0xff, 0x0a]));
    await run.ended();
    assert.equal(run.stdout, '[binary message of 2 bytes]\n');
  });

  test('more than any queue holds arrives whole and in order', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const line = 'x'.repeat(100_000);
    const run = connect(t, server.dir, ['--linger', '3']);
    await opened(run);
    server.process.kill('SIGSTOP'); // so that the kernel's buffers fill, then the queue, then the pipe
    for (let i = 0; i < 200; i++) run.process.stdin.write(`${i} ${line}\n`);
    run.process.stdin.end();
    await sleep(300);
    server.process.kill('SIGCONT');
    await run.ended();
    assert.deepEqual(
      run.stdout.split('\n').slice(0, -1).map((text) => Number(text.split(' ')[0])),
      Array.from({length: 200}, (unused, i) => i),
    );
  });

  test('a line that is too long is said to be', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const run = connect(t, server.dir);
    run.process.stdin.on('error', () => {});
    run.process.stdin.end('x'.repeat(1_100_000));
    await run.ended({code: 1});
    assert.match(run.stderr, /a line of more than 1048576 bytes cannot be sent/);
  });

  test('nobody there: 5, and what to do', async (t) => {
    const dir = folder(t);
    write(dir, {'conf.yaml': conf(base)});
    const run = await berth(t, ['connect'], {dir, code: 5});
    assert.match(run.stderr, /no server of e2e was found.*berth doctor/);
    await tarpit(t, base);
    await berth(t, ['connect', `ws://127.0.0.1:${base}`, '--app', 'e2e'], {dir, code: 5});
  });

  test('by URL: the app is whoever answers there; the path is the URL’s', async (t) => {
    const server = await serve(t, {conf: conf(base, 'ROUTES:', '  /client-ws: echo', '  /other: echo')});
    for (const url of [`ws://127.0.0.1:${base}/other`, `http://localhost:${base}`, `ws://[::1]:${base}/`]) {
      const run = connect(t, folder(t), [url, '--linger', '0.5'], {env: {XDG_RUNTIME_DIR: `${server.dir}/run`}});
      run.process.stdin.end('hello\n');
      await run.ended();
      assert.equal(run.stdout, 'hello\n');
    }
  });

  test('a path that is no WebSocket ends with --once', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const run = connect(t, server.dir, ['--path', '/nowhere', '--once']);
    await run.ended({code: 1});
    assert.match(run.stderr, /could not be opened/);
  });

  test('Ctrl-C closes in good order, and ends with 0', async (t) => {
    const server = await serve(t, {conf: conf(base, 'LOG: {LEVEL: debug}')});
    const run = connect(t, server.dir);
    await opened(run);
    run.process.kill('SIGINT');
    await run.ended();
    const status = JSON.parse((await request(server, '/berth/status.json')).text);
    assert.equal(status.connections.websocket, 0);
  });

  test('comes back when the server restarts on another port, and says so', async (t) => {
    const first = await serve(t, {conf: conf(base)});
    const run = connect(t, first.dir);
    run.process.stdin.write('before\n');
    await said(run, 'before');
    await first.stop();
    await run.until(() => /the connection is gone \(1001\): looking for the server again/.test(run.stderr), 'loss');
    run.process.stdin.write('meanwhile\n');
    await tarpit(t, base);
    const second = await serve(t, {dir: first.dir, conf: conf(base)});
    assert.equal(second.port, base + 1);
    await said(run, 'meanwhile');
    run.process.stdin.end();
    await run.ended();
    assert.match(run.stderr, /it has moved: from \S+, instance \w+, to /);
    assert.equal(run.stdout, 'before\nmeanwhile\n');
  });

  test('--once ends with the connection: 0 when that was closed in good order', async (t) => {
    for (const [signal, code] of [['SIGTERM', 0], ['SIGKILL', 1]]) {
      const server = await serve(t, {conf: conf(base)});
      const run = connect(t, server.dir, ['--once']);
      await opened(run);
      server.process.kill(signal);
      await run.ended({code});
      await server.exited;
      server.checked = true;
    }
  });

  test('on a terminal: lines as they are typed, Ctrl-D ends at once', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const run = connect(t, server.dir, [], {
      command: ['script', '-qefc', `stty -echo; exec '${program()}' connect`, '/dev/null'],
      args: [],
    });
    await run.until(() => run.stdout.includes('connected to e2e'), 'connection');
    run.process.stdin.write('typed\n');
    await run.until(() => run.stdout.includes('typed\r\n'), 'echo');
    run.process.stdin.write('\x04');
    await run.ended({within: 3000});
  });

  test('arguments that are none', async (t) => {
    for (const args of [['nowhere'], ['wss://127.0.0.1:1/'], ['ws://example.com/'], ['--linger', 'x'], ['--path', 'x'], ['--wait', '-']])
      await berth(t, ['connect', ...args], {code: 2});
  });
});

/** What a browser does with the link: the cookie that it gets, and what that opens. */
async function enter(server, link) {
  const url = new URL(link);
  const answer = await request(server, url.pathname + url.search, {host: url.hostname.replace(/[[\]]/g, '')});
  return {status: answer.status, cookie: answer.headers['set-cookie']?.[0], location: answer.headers.location};
}

describe('open', () => {
  test('prints a link that signs in once', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const run = await berth(t, ['open', '--print-url'], {dir: server.dir});
    assert.equal(run.stderr, '');
    const link = run.stdout.trim();
    assert.match(link, new RegExp(`^http://(127\\.0\\.0\\.1|\\[::1\\]):${base}/berth/enter\\?ticket=[\\w-]+$`));
    const entered = await enter(server, link);
    assert.equal(entered.status, 303);
    assert.match(entered.cookie, /HttpOnly/);
    assert.equal((await enter(server, link)).status, 401);
    assert.doesNotMatch(server.stderr, /ticket=[\w-]{20}/, 'no ticket in the log');
  });

  test('opens it in the browser that BROWSER names', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const browser = path.join(server.dir, 'browser');
    fs.writeFileSync(browser, `#!/bin/sh\necho "$@" >'${server.dir}/opened'\n`, {mode: 0o755});
    for (const named of [browser, `/nonexistent:${browser} --new %s --end`]) {
      fs.rmSync(`${server.dir}/opened`, {force: true});
      await berth(t, ['open'], {dir: server.dir, env: {BROWSER: named}});
      while (!fs.existsSync(`${server.dir}/opened`) || fs.readFileSync(`${server.dir}/opened`, 'utf8') === '') await sleep(5);
      const words = fs.readFileSync(`${server.dir}/opened`, 'utf8').trim().split(' ');
      const link = named.includes('%s') ? words[1] : words[0];
      assert.equal(words.length, named.includes('%s') ? 3 : 1);
      assert.equal((await enter(server, link)).status, 303);
    }
  });

  test('without a browser it says so, and prints the link', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const run = await berth(t, ['open'], {dir: server.dir, code: 1, env: {BROWSER: '/nonexistent'}});
    assert.match(run.stderr, /there is no browser to open here/);
    assert.match(run.stdout, /^http:\/\/.*ticket=/);
  });

  test('an older server, which has no record: its plain page', async (t) => {
    const dir = folder(t);
    write(dir, {'conf.yaml': conf(base), 'server_port.txt': String(base)});
    const old = http.createServer((asked, answer) => {
      old.asked.push(asked.method);
      const health = {status: 'ok', app: 'e2e', instance: 'old', state: 'ready', port: base, version: '0.0.9', ws: null};
      answer.writeHead(200).end(JSON.stringify(health));
    });
    old.asked = [];
    await listen(old, base, '127.0.0.1');
    atEnd(t, () => new Promise((resolve) => old.close(resolve)));
    const run = await berth(t, ['open', '--print-url'], {dir});
    assert.equal(run.stdout, `http://127.0.0.1:${base}/\n`);
    assert.match(run.stderr, /no sign-in/);
    assert.ok(old.asked.every((method) => method === 'GET'), 'no ticket was asked for');
  });

  test('nobody there: 5', async (t) => {
    const dir = folder(t);
    write(dir, {'conf.yaml': conf(base)});
    await berth(t, ['open'], {dir, code: 5});
  });
});
