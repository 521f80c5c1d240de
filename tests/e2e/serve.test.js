// A server that runs: how it says so, and what it answers to plain HTTP.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {before, describe, test} from 'node:test';
import {begin, berth, conf, folder, serve, write} from './lib/berth.js';
import {freeRange} from './lib/ports.js';
import {exchange, Raw, request} from './lib/wire.js';

let base;
before(async () => (base = await freeRange()));

const STATIC = {
  'static/index.html': '<!doctype html><title>index</title>',
  'static/app.js': 'export const one = 1;\n',
  'static/style.css': 'b { color: red }\n',
  'static/image.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  'static/data.json': '{}',
  'static/deep/er/page.html': 'deep',
  'static/empty.txt': '',
  'static/with space.txt': 'space',
  'secret.txt': 'secret',
};

const get = (target, server, more = '') =>
  `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n${more}\r\n`;

describe('ready', () => {
  test('the ready line is one line of JSON, and true', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const {record} = server;
    assert.equal(server.stdout.trim().split('\n').length, 1);
    assert.equal(record.event, 'ready');
    assert.equal(record.app, 'e2e');
    assert.equal(record.state, 'ready');
    assert.equal(record.pid, server.pid);
    assert.equal(record.port, base);
    assert.equal(record.requested_port, base);
    assert.match(record.instance, /^[\w-]{8,}$/);
    assert.equal(record.urls.ws, `ws://127.0.0.1:${base}/client-ws`);
    assert.equal(record.urls.health, `http://127.0.0.1:${base}/health`);
    assert.equal((await request(server, '/health')).status, 200, 'ready means that it answers');
  });

  test('two runs have two instance ids', async (t) => {
    const [one, two] = await Promise.all([serve(t, {conf: conf(base)}), serve(t, {conf: conf(base)})]);
    assert.notEqual(one.record.instance, two.record.instance);
    assert.notEqual(one.port, two.port);
  });

  test('--ready-fd gets a newline, and is closed', async (t) => {
    const server = await serve(t, {conf: conf(base), args: ['--ready-fd', '3'], stdio: ['pipe']});
    const pipe = server.process.stdio[3];
    const parts = [];
    pipe.on('data', (part) => parts.push(part.toString()));
    await new Promise((resolve) => pipe.on('end', resolve));
    assert.equal(parts.join(''), '\n');
  });

  test('the port file holds the decimal port and nothing else', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    assert.equal(server.portFile, String(server.port));
    const left = fs.readdirSync(server.dir).filter((name) => name.startsWith('server_port'));
    assert.deepEqual(left, ['server_port.txt'], 'no temporary file stays behind');
  });

  test('the banner names every address that people need', async (t) => {
    const server = await serve(t, {conf: `HOST: 0.0.0.0\n${conf(base, 'STATIC: static')}`, files: STATIC});
    const lines = [
      '============================================================',
      `Server is running: http://0.0.0.0:${base}`,
      `WS endpoint:       ws://0.0.0.0:${base}/client-ws`,
      `Health check:      http://0.0.0.0:${base}/health`,
      `Static files:      http://0.0.0.0:${base}/static/`,
      `WEBSOCKET PORT FIX: Frontend should connect to port ${base}`,
      '============================================================',
    ];
    const at = server.log.findIndex((line) => line.endsWith(lines[1]));
    const shown = server.log.slice(at - 1, at - 1 + lines.length);
    assert.deepEqual(shown.map((line, i) => line.slice(-lines[i].length)), lines, server.stderr);
  });

  test('--log-format json logs one object a line', async (t) => {
    const server = await serve(t, {conf: conf(base), args: ['--log-format', 'json', '--log-level', 'debug']});
    await request(server, '/health');
    assert.ok(server.log.length > 0);
    for (const line of server.log) {
      const record = JSON.parse(line);
      assert.equal(typeof record.level, 'string', line);
      assert.equal(typeof record.event, 'string', line);
    }
  });
});

describe('discovery', () => {
  test('/health tells the public fields and no others', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const answer = await request(server, '/health');
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^application\/json/);
    assert.match(answer.headers['cache-control'], /no-store/);
    const health = JSON.parse(answer.text);
    assert.equal(health.app, 'e2e');
    assert.equal(health.instance, server.record.instance);
    assert.equal(health.state, 'ready');
    assert.equal(health.port, base);
    assert.equal(health.version, server.record.version);
    for (const name of ['pid', 'state_dir', 'token']) assert.ok(!(name in health), `${name} is shown to strangers`);
  });

  test('/server_port.txt is the port as text', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const answer = await request(server, '/server_port.txt');
    assert.equal(answer.status, 200);
    assert.equal(answer.text.trim(), String(server.port));
    assert.match(answer.headers['content-type'], /^text\/plain/);
    assert.match(answer.headers['cache-control'], /no-store/);
  });

  test('::1 is the same server as 127.0.0.1', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const [four, six] = await Promise.all(['127.0.0.1', '::1'].map((host) => request(server, '/health', {host})));
    assert.equal(JSON.parse(six.text).instance, JSON.parse(four.text).instance);
  });
});

describe('pages and files', () => {
  test('/ is a status page that says port and state', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const page = await request(server, '/');
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'], /^text\/html/);
    const status = await request(server, '/berth/status.json');
    assert.equal(status.status, 200);
    assert.equal(JSON.parse(status.text).port, base);
  });

  test('files have their types', async (t) => {
    const server = await serve(t, {conf: conf(base, 'STATIC: static'), files: STATIC});
    const types = {
      '/static/app.js': /^text\/javascript/,
      '/static/style.css': /^text\/css/,
      '/static/image.svg': /^image\/svg\+xml/,
      '/static/data.json': /^application\/json/,
      '/static/index.html': /^text\/html/,
      '/static/': /^text\/html/,
      '/static/deep/er/page.html': /^text\/html/,
      '/static/with%20space.txt': /^text\/plain/,
    };
    for (const [target, type] of Object.entries(types)) {
      const answer = await request(server, target);
      assert.equal(answer.status, 200, target);
      assert.match(answer.headers['content-type'], type, target);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff', target);
    }
    assert.equal((await request(server, '/static/app.js')).text, STATIC['static/app.js']);
    assert.equal((await request(server, '/static/empty.txt')).headers['content-length'], '0');
  });

  test('a large file arrives whole', async (t) => {
    const large = 'abcdefgh'.repeat(1 << 18);
    const server = await serve(t, {conf: conf(base, 'STATIC: static'), files: {'static/large.txt': large}});
    assert.ok((await request(server, '/static/large.txt')).text === large);
  });

  test('HEAD has the headers of GET and no body', async (t) => {
    const server = await serve(t, {conf: conf(base, 'STATIC: static'), files: STATIC});
    for (const target of ['/health', '/server_port.txt', '/', '/static/app.js']) {
      const got = await request(server, target);
      const head = await request(server, target, {method: 'HEAD'});
      assert.equal(head.status, 200, target);
      assert.equal(head.text, '', target);
      assert.equal(head.headers['content-type'], got.headers['content-type'], target);
      assert.equal(head.headers['content-length'], got.headers['content-length'], target);
    }
  });

  test('what is not there is 404, and what is not allowed is 405', async (t) => {
    const server = await serve(t, {conf: conf(base, 'STATIC: static'), files: STATIC});
    for (const target of ['/nothing', '/static/nothing', '/static/deep/nothing', '/healthy']) {
      assert.equal((await request(server, target)).status, 404, target);
    }
    const refused = await request(server, '/health', {method: 'DELETE'});
    assert.equal(refused.status, 405);
    assert.match(refused.headers.allow, /GET/);
  });

  test('nothing outside the folder is served, however it is written', async (t) => {
    const server = await serve(t, {conf: conf(base, 'STATIC: static'), files: STATIC});
    const targets = [
      '/static/../secret.txt',
      '/static/%2e%2e/secret.txt',
      '/static/..%2fsecret.txt',
      '/static/%2e%2e%2fsecret.txt',
      '/static/deep/../../secret.txt',
      '/static/..%5csecret.txt',
      '/static/%252e%252e/secret.txt',
      '/static//../secret.txt',
      '/static/app.js%00.html',
      '/static/..',
      '/static/%c0%ae%c0%ae/secret.txt',
      '//secret.txt',
    ];
    for (const target of targets) {
      const raw = await exchange(server, get(target, server, 'Connection: close\r\n'));
      assert.ok(raw.statuses[0] >= 400 && raw.statuses[0] < 500, `${target}: ${raw.statuses}`);
      assert.ok(!raw.text.includes('\r\n\r\nsecret'), target);
    }
  });

  test('a symbolic link out of the folder is refused, one inside it is followed', async (t) => {
    const dir = folder(t);
    write(dir, STATIC);
    fs.symlinkSync('../secret.txt', path.join(dir, 'static/out.txt'));
    fs.symlinkSync(dir, path.join(dir, 'static/up'));
    fs.symlinkSync('/etc/passwd', path.join(dir, 'static/passwd'));
    const server = await serve(t, {conf: conf(base, 'STATIC: static'), dir});
    for (const target of ['/static/out.txt', '/static/up/secret.txt', '/static/passwd']) {
      const {status} = await request(server, target);
      assert.ok(status === 403 || status === 404, `${target}: ${status}`);
    }
  });

  test('a fifo and an unreadable file do not hold the server up', async (t) => {
    const dir = folder(t);
    write(dir, STATIC);
    const {execFileSync} = await import('node:child_process');
    execFileSync('mkfifo', [path.join(dir, 'static/fifo')]);
    const server = await serve(t, {conf: conf(base, 'STATIC: static'), dir});
    const {status} = await request(server, '/static/fifo');
    assert.ok(status === 403 || status === 404, String(status));
    assert.equal((await request(server, '/health')).status, 200);
  });
});

describe('connections', () => {
  test('one connection carries many requests, one after the other', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const raw = await Raw.open(server.port);
    for (let i = 1; i <= 5; i++) {
      await raw.send(get('/server_port.txt', server)).until((r) => r.statuses.length === i);
    }
    assert.ok(!raw.closed);
    raw.destroy();
  });

  test('requests sent at once are answered in their order', async (t) => {
    const server = await serve(t, {conf: conf(base, 'STATIC: static'), files: STATIC});
    const targets = ['/health', '/nothing', '/static/app.js', '/server_port.txt'];
    const bytes = targets.map((target) => get(target, server)).join('') + get('/health', server, 'Connection: close\r\n');
    const raw = await exchange(server, bytes);
    assert.deepEqual(raw.statuses, [200, 404, 200, 200, 200]);
  });

  test('"Connection: close" and HTTP/1.0 close after the answer', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const eleven = await exchange(server, get('/health', server, 'Connection: close\r\n'));
    assert.equal(eleven.statuses[0], 200);
    const ten = await exchange(server, `GET /health HTTP/1.0\r\nHost: 127.0.0.1:${base}\r\n\r\n`);
    assert.match(ten.text, /^HTTP\/1\.[01] 200/);
  });

  test('a request byte by byte is the same request', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const raw = await Raw.open(server.port);
    raw.socket.setNoDelay(true);
    for (const byte of get('/server_port.txt', server, 'Connection: close\r\n')) {
      raw.send(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await raw.ended();
    assert.deepEqual(raw.statuses, [200]);
  });

  test('a body that nobody asked for does not become the next request', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const body = get('/health', server);
    const raw = await exchange(
      server,
      `POST /health HTTP/1.1\r\nHost: 127.0.0.1:${base}\r\nContent-Length: ${body.length}\r\n\r\n${body}` +
        get('/server_port.txt', server, 'Connection: close\r\n'),
    );
    assert.ok(raw.statuses[0] === 405 && raw.statuses.length <= 2, raw.text);
    assert.ok(!raw.text.includes('"instance"'), 'the body was taken for a request');
  });
});

describe('the command line', () => {
  test('--version and --help print to stdout and end with 0', async (t) => {
    assert.match((await berth(t, ['--version'])).stdout, /\d+\.\d+\.\d+/);
    const help = await berth(t, ['--help']);
    for (const word of ['serve', 'check', '--version']) assert.ok(help.stdout.includes(word), help.stdout);
    assert.match((await berth(t, ['serve', '--help'])).stdout, /--strict-port/);
  });

  test('an unknown command or option ends with 2 and says what is known', async (t) => {
    assert.match((await berth(t, ['sreve'], {code: 2})).stderr, /serve/);
    assert.match((await berth(t, ['serve', '--prot', '1'], {code: 2})).stderr, /--port/);
    assert.match((await berth(t, ['serve', '--port', 'x'], {code: 2})).stderr, /--port/);
  });

  test('a flag beats the environment, which beats the file', async (t) => {
    const env = {BERTH_PORT: String(base + 1)};
    const byEnvironment = await serve(t, {conf: conf(base), env});
    assert.equal(byEnvironment.record.requested_port, base + 1);
    const byFlag = await serve(t, {conf: conf(base), env, args: ['--port', String(base + 2)]});
    assert.equal(byFlag.record.requested_port, base + 2);
  });

  test('a missing configuration is an error that names the file', async (t) => {
    const run = await berth(t, ['serve', 'nowhere.yaml'], {code: 2});
    assert.match(run.stderr, /nowhere\.yaml/);
    assert.equal(run.stdout, '');
  });

  test('a second start does not disturb the first', async (t) => {
    const dir = folder(t);
    const first = await serve(t, {conf: conf(base), dir});
    const second = begin(t, {conf: conf(base), dir});
    await second.until((run) => run.stdout !== '' || run.exit, 'a verdict');
    assert.equal((await request(first, '/health')).status, 200);
    if (!second.exit) await second.ready().then(() => second.stop());
    assert.equal((await request(first, '/health')).status, 200);
  });
});
