// The doctor, on a machine where all is well and on ones where something is in the way.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import {beforeEach, describe, test} from 'node:test';
import {atEnd} from './lib/atend.js';
import {berth, conf, folder, IS_ROOT, ordinary, serve, write} from './lib/berth.js';
import {freeRange, listen, tarpit, yesSayer} from './lib/ports.js';

// What the doctor promises, and what a busy machine adds to the start of the program.
const PROMISED_MS = 1500;
const STARTING_MS = 1500;

let base;
beforeEach(async () => (base = await freeRange(14)));

/** Asks the doctor in a folder; gives its report, with the codes that are no "ok". */
async function examine(t, dir, {args = [], code = 1, ...rest} = {}) {
  const run = await berth(t, ['doctor', '--json', ...args], {dir, code, ...rest});
  const report = JSON.parse(run.stdout);
  report.codes = report.findings.filter((finding) => finding.severity !== 'ok').map((finding) => finding.code);
  // The range of a test is never the usual one, and says so each time.
  report.bad = report.codes.filter((name) => name !== 'range-unsearched');
  report.seen = (name) => report.findings.find((finding) => finding.code === name)?.seen;
  report.state = (port) => report.ports.find((entry) => entry.port === port)?.state;
  return report;
}

/** A folder with a configuration in which nothing runs. */
function quiet(t, ...lines) {
  const dir = folder(t);
  write(dir, {'conf.yaml': conf(base, ...lines)});
  return dir;
}

/** A server that answers as a Berth of another time, or as one that pretends. */
async function pretender(t, port, answer, {host = '127.0.0.1', upgrade} = {}) {
  const asked = [];
  const server = http.createServer((request, response) => {
    asked.push({url: request.url, headers: request.headers});
    const health = request.url.startsWith('/health');
    const body = health ? JSON.stringify(answer) : 'This address speaks WebSocket only.\n';
    response.writeHead(health ? 200 : 426, {'Access-Control-Allow-Origin': '*'}).end(body);
  });
  if (upgrade) server.on('upgrade', upgrade);
  else server.on('upgrade', (request, socket) => socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n'));
  closeAtEnd(t, server);
  await listen(server, port, host);
  return asked;
}

/** Ends the server with all its connections, those that were upgraded too. */
function closeAtEnd(t, server) {
  const sockets = new Set();
  server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket))));
  atEnd(t, () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
}

const oldHealth = (port, app = 'e2e') => ({
  status: 'ok',
  app,
  instance: 'old',
  state: 'ready',
  port,
  version: '0.0.9',
  ws: `ws://127.0.0.1:${port}/client-ws`,
});

describe('no server', () => {
  test('it says so, that nothing is in the way, and that one could start', async (t) => {
    const dir = quiet(t);
    const report = await examine(t, dir);
    assert.deepEqual(report.bad, ['server-absent']);
    assert.equal(report.well, false);
    assert.match(report.judgement, /Nothing is in the way/);
    assert.equal(report.server, null);
    for (let port = base; port < base + 13; port++) assert.equal(report.state(port), 'free');
  });

  test('it changes nothing', async (t) => {
    const dir = quiet(t);
    const before = fs.readdirSync(dir, {recursive: true}).sort();
    await examine(t, dir);
    assert.deepEqual(fs.readdirSync(dir, {recursive: true}).sort(), before);
  });

  test('for people: a line for what is well, all of what is not, a judgement at the end', async (t) => {
    const {stdout} = await berth(t, ['doctor'], {dir: quiet(t), code: 1});
    assert.match(stdout, /^ok {7}Port file {7}There is none/m);
    assert.match(stdout, /^warning {2}Server {10}No server of this app runs \(server-absent\)$/m);
    assert.match(stdout, /^ +seen .*\n(.*\n)*? +means .*\n(.*\n)*? +to do {6}Start it/m);
    assert.match(stdout, /^Nothing is in the way: no server runs\. Start it\..*\n$/m);
    assert.doesNotMatch(stdout, /\x1b/, 'no colour in a pipe');
  });
});

describe('a server', () => {
  test('all is well: exit 0, proved, its WebSocket opens', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const report = await examine(t, server.dir, {code: 0});
    assert.deepEqual(report.bad, []);
    assert.equal(report.well, true);
    assert.deepEqual(report.server, {
      port: base,
      instance: server.record.instance,
      version: server.record.version,
      verdict: 'proved',
    });
    assert.equal(report.state(base), 'ours');
    assert.match(report.seen('websocket'), /client-ws opens/);
    assert.match((await berth(t, ['doctor'], {dir: server.dir})).stdout, /\nAll is well\.\n$/);
  });

  test('it is told from those around it: another app, a stranger with pid and program', async (t) => {
    const other = await serve(t, {conf: conf(base).replace('e2e', 'kitchen')});
    await yesSayer(t, base + 1);
    const server = await serve(t, {conf: conf(base)});
    assert.equal(server.port, base + 2);
    const report = await examine(t, server.dir, {code: 0});
    assert.deepEqual([0, 1, 2, 3].map((i) => report.state(base + i)), ['other_app', 'stranger', 'ours', 'free']);
    assert.match(report.seen('port-other-app'), /kitchen/);
    assert.match(report.seen('port-stranger'), new RegExp(`${base + 1} is held by node.*pid ${process.pid}`));
    assert.equal(report.ports.find((entry) => entry.port === base).holder.pid, other.pid);
  });

  test('stopped in its tracks: the record lives, nobody answers', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    server.process.kill('SIGSTOP');
    atEnd(t, () => server.process.kill('SIGCONT'));
    const report = await examine(t, server.dir);
    server.process.kill('SIGCONT');
    assert.deepEqual(report.bad.sort(), ['port-file-silent', 'port-stranger', 'record-unreachable', 'server-absent']);
    assert.match(report.seen('record-unreachable'), new RegExp(`process ${server.pid} lives`));
  });

  test('killed: the port file is stale, the record dead', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    server.process.kill('SIGKILL');
    await server.ended({code: null}).catch(() => {});
    const report = await examine(t, server.dir);
    assert.deepEqual(report.bad.sort(), ['port-file-stale', 'record-dead', 'server-absent']);
  });

  test('its port file was deleted, its record too', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    fs.rmSync(path.join(server.dir, 'server_port.txt'));
    const report = await examine(t, server.dir, {env: {XDG_RUNTIME_DIR: path.join(server.dir, 'home')}});
    assert.deepEqual(report.bad, ['port-file-missing', 'record-missing']);
  });

  test('its identity was emptied: it starts without one and says so, and is told what to do', async (t) => {
    const first = await serve(t, {conf: conf(base)});
    const key = path.join(first.dir, 'state/berth/e2e/identity.key');
    await first.stop();
    fs.truncateSync(key);
    const server = await serve(t, {conf: conf(base), dir: first.dir});
    assert.match(server.stderr, /identity\.key holds no key.*put the file back, or remove it/);
    const report = await examine(t, server.dir);
    assert.deepEqual(report.bad, ['identity-unusable']);
    assert.equal(report.seen('identity-unusable'), `${key} holds no key: one is 32 bytes long.`);
    assert.equal(fs.statSync(key).size, 0, 'to look mends nothing');
  });

  test('a range of tarpits holds nothing up for longer than promised', async (t) => {
    for (let i = 0; i < 12; i++) await tarpit(t, base + i);
    const server = await serve(t, {conf: conf(base)});
    assert.equal(server.port, base + 12);
    const began = performance.now();
    const report = await examine(t, server.dir, {code: 0});
    assert.ok(performance.now() - began < PROMISED_MS + STARTING_MS);
    assert.equal(report.server.port, base + 12);
    assert.equal(report.bad.filter((name) => name === 'port-stranger').length, 12);
  });
});

describe('the port file', () => {
  const cases = [
    ['port-file-stale', (dir) => write(dir, {'server_port.txt': String(base)})],
    ['port-file-garbage', (dir) => write(dir, {'server_port.txt': '10\n18'})],
    ['port-file-garbage', (dir) => write(dir, {'server_port.txt': ''})],
    ['port-file-unreadable', (dir) => fs.mkdirSync(path.join(dir, 'server_port.txt'))],
  ];
  for (const [name, make] of cases) {
    test(name, async (t) => {
      const dir = quiet(t);
      make(dir);
      assert.deepEqual((await examine(t, dir)).bad.sort(), [name, 'server-absent'].sort());
    });
  }

  test('of another user, and in a folder of another user', async (t) => {
    const dir = folder(t, {user: ordinary});
    write(dir, {'conf.yaml': conf(base), 'server_port.txt': '1'});
    fs.chmodSync(path.join(dir, 'server_port.txt'), 0o000);
    fs.chmodSync(dir, 0o555);
    if (IS_ROOT) fs.chownSync(dir, 0, 0);
    const report = await examine(t, dir, {user: ordinary});
    fs.chmodSync(dir, 0o755);
    assert.deepEqual(report.bad.sort(), ['port-file-unreadable', 'port-file-unwritable', 'server-absent']);
  });

  test('a stranger answers there', async (t) => {
    const dir = quiet(t);
    await yesSayer(t, base + 3);
    write(dir, {'server_port.txt': String(base + 3)});
    const report = await examine(t, dir);
    assert.ok(report.bad.includes('port-file-stranger'));
    assert.match(report.seen('port-file-stranger'), new RegExp(`pid ${process.pid}`));
  });

  test('another app answers there, outside the range', async (t) => {
    const other = await serve(t, {conf: conf(base + 13).replace('e2e', 'kitchen')});
    const dir = quiet(t);
    write(dir, {'server_port.txt': String(other.port)});
    assert.deepEqual((await examine(t, dir)).bad.sort(), ['port-file-other-app', 'server-absent']);
  });
});

describe('those who are not what they say', () => {
  test('a copy of our /health is an impostor, and hears no secret', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const copy = JSON.parse(await (await fetch(server.url('/health'))).text());
    const token = JSON.parse(fs.readFileSync(findRecord(server.dir), 'utf8')).token;
    const asked = await pretender(t, base + 1, {...copy, port: base + 1, ws: `ws://127.0.0.1:${base + 1}/client-ws`});
    const report = await examine(t, server.dir, {args: ['--origin', 'http://localhost:1']});
    assert.deepEqual(report.bad, ['server-unproved']);
    assert.equal(report.state(base + 1), 'impostor');
    assert.equal(report.server.port, base);
    assert.ok(asked.length > 0 && token);
    for (const {url, headers} of asked) {
      assert.match(url, /^\/health\?challenge=[\w-]{43}$/);
      assert.ok(!JSON.stringify(headers).includes(token));
      assert.equal(headers.authorization ?? headers.cookie, undefined);
    }
  });

  test('an old server of ours: no key, an older version, upgrades that are lost', async (t) => {
    const dir = quiet(t);
    await pretender(t, base, oldHealth(base));
    write(dir, {'server_port.txt': String(base)});
    const report = await examine(t, dir);
    assert.deepEqual(
      report.bad.filter((name) => name !== 'localhost-other-family').sort(),
      ['record-missing', 'server-older', 'server-without-key', 'websocket-stripped'].sort(),
    );
    assert.equal(report.server.verdict, 'named');
  });

  test('the two families have two owners', async (t) => {
    const dir = quiet(t);
    await pretender(t, base, oldHealth(base));
    await yesSayer(t, base, {host: '::1'});
    assert.match((await examine(t, dir)).seen('families-differ'), /127\.0\.0\.1 is e2e, on ::1 is another program/);
  });
});

function findRecord(dir) {
  const run = path.join(dir, 'run/berth/e2e');
  return path.join(run, fs.readdirSync(run).find((name) => name.endsWith('.json')));
}

describe('what stands between', () => {
  const upgrades = {
    'websocket-cut': (request, socket) => socket.resetAndDestroy(),
    'websocket-silent': () => {},
    'websocket-refused': (request, socket) =>
      socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\nNot for you.'),
    'websocket-mangled': (request, socket) =>
      socket.end('HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n'),
  };
  for (const [name, upgrade] of Object.entries(upgrades)) {
    test(name, async (t) => {
      const dir = quiet(t);
      await pretender(t, base, oldHealth(base), {upgrade});
      const report = await examine(t, dir);
      assert.ok(report.bad.includes(name), report.bad.join());
    });
  }

  test('a forwarder that speaks plain HTTP only: another port, and the upgrade is stripped', async (t) => {
    const server = await serve(t, {conf: conf(base + 13)});
    await forwarder(t, base, server.port);
    const report = await examine(t, quiet(t));
    assert.ok(report.bad.includes('server-forwarded'));
    assert.ok(report.bad.includes('websocket-stripped'));
  });

  test('a proxy variable is named, and asked nothing', async (t) => {
    const dir = quiet(t);
    const decoy = await yesSayer(t, base + 5);
    const env = {http_proxy: `http://alice:secret@127.0.0.1:${base + 5}`, no_proxy: 'localhost'};
    const report = await examine(t, dir, {env});
    assert.match(report.seen('proxy-catches-loopback'), /^http_proxy is http:\/\/127.*127\.0\.0\.1, ::1\.$/);
    assert.doesNotMatch(JSON.stringify(report), /secret/);
    assert.ok(decoy.asked.every((url) => url.startsWith('/health?challenge=')), 'asked as a port of the range only');
  });
});

/** What a middlebox does: takes connections, passes HTTP on, and drops what it does not know. */
async function forwarder(t, port, to) {
  const server = net.createServer((near) => {
    const far = net.connect(to, '127.0.0.1');
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy());
    near.on('data', (data) => {
      const text = data.toString('latin1');
      far.write(text.replace(`:${port}\r\n`, `:${to}\r\n`).replace(/^(Upgrade|Connection): .*\r\n/gim, ''), 'latin1');
    });
    far.pipe(near);
  });
  closeAtEnd(t, server);
  return listen(server, port, '127.0.0.1');
}

describe('a page', () => {
  test('of loopback may do all', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const report = await examine(t, server.dir, {args: ['--origin', 'http://localhost:5173/app/?x'], code: 0});
    assert.equal(report.origin, 'http://localhost:5173');
    assert.match(report.seen('page'), /may read \/health and data, and open the WebSocket/);
  });

  test('from disk has no origin of its own', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    for (const origin of ['file:///home/me/index.html', 'null']) {
      const report = await examine(t, server.dir, {args: ['--origin', origin]});
      assert.deepEqual(report.bad, ['page-null-origin']);
    }
  });

  test('of the web is refused until it is named', async (t) => {
    const args = ['--origin', 'https://app.example'];
    const server = await serve(t, {conf: conf(base)});
    const refused = await examine(t, server.dir, {args});
    assert.deepEqual(refused.bad, ['page-origin-refused', 'page-local-network', 'page-mixed-content']);
    await server.stop();
    const allowing = await serve(t, {conf: conf(base, 'ALLOWED_ORIGINS: ["https://app.example"]')});
    const allowed = await examine(t, allowing.dir, {args});
    assert.deepEqual(allowed.bad, ['page-local-network', 'page-mixed-content']);
  });

  test('that is none', async (t) => {
    for (const origin of ['app.example', 'https://', '://x', 'http://a b'])
      await berth(t, ['doctor', '--origin', origin], {code: 2});
  });
});

describe('configuration and records', () => {
  test('ports that differ, names that are near misses, values that are none', async (t) => {
    const dir = quiet(t);
    write(dir, {'conf.yaml': `${conf(base, 'THREDS: 2')}WEBSOCKET_PORT: ${base + 1}\nSEVER_PORT: 1\n`});
    const report = await examine(t, dir);
    for (const name of ['config-invalid', 'config-ports-differ', 'config-near-miss'])
      assert.ok(report.bad.includes(name), name);
    assert.match(report.seen('config-near-miss'), /conf\.yaml:\d+:\d+: SEVER_PORT: did you mean SERVER_PORT\?$/);
  });

  test('a record that others may read, one that is none', async (t) => {
    const server = await serve(t, {conf: conf(base)});
    const record = findRecord(server.dir);
    fs.copyFileSync(record, record.replace(/[^/]+$/, 'copy.json'));
    fs.chmodSync(record.replace(/[^/]+$/, 'copy.json'), 0o644);
    fs.writeFileSync(record.replace(/[^/]+$/, 'half.json'), '{"app":"e2', {mode: 0o600});
    const report = await examine(t, server.dir);
    assert.deepEqual(report.bad.sort(), ['record-garbage', 'record-mode']);
    assert.match(report.seen('record-mode'), /copy\.json has the mode 0644/);
  });

  test('a runtime folder that others may enter', async (t) => {
    const dir = quiet(t);
    fs.mkdirSync(path.join(dir, 'run/berth'));
    fs.chmodSync(path.join(dir, 'run/berth'), 0o755);
    assert.ok((await examine(t, dir)).bad.includes('record-folder'));
  });
});

describe('a port that is no good', () => {
  test('of the system, to an ordinary user', async (t) => {
    const first = Number(fs.readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
    assert.ok(first > 1018, 'the machine keeps low ports to itself');
    const dir = folder(t, {user: ordinary});
    write(dir, {'conf.yaml': 'SERVER_PORT: 1018\nBERTH:\n  APP: e2e\n'}, {user: ordinary});
    const report = await examine(t, dir, {user: ordinary});
    assert.match(report.seen('port-reserved'), new RegExp(`Port 1\\d+ to ${first - 1}: `));
  });

  test('that browsers refuse, or that lies where the system takes its own', async (t) => {
    const dir = folder(t);
    write(dir, {'conf.yaml': 'SERVER_PORT: 6664\nBERTH:\n  APP: e2e\n'});
    assert.match((await examine(t, dir)).seen('port-blocked'), /6665 to 6669/);
    write(dir, {'conf.yaml': 'SERVER_PORT: 45000\nBERTH:\n  APP: e2e\n'});
    const report = await examine(t, dir);
    assert.equal(report.codes.filter((name) => name === 'port-ephemeral').length, 1);
    assert.ok(!report.codes.includes('config-warning'));
  });
});

test('--explain says what a code means, in one paragraph', async (t) => {
  const {stdout} = await berth(t, ['doctor', '--explain', 'port-file-stale']);
  assert.match(stdout, /^port-file-stale \(error\): [^\n]+\n$/);
  await berth(t, ['doctor', '--explain', 'nothing'], {code: 2});
});
