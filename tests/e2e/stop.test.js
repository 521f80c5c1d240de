// The end of a server: everybody is told, nothing stays behind, and nobody else's is touched.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {begin, conf, folder, serve} from './lib/berth.js';
import {freeRange, tarpit} from './lib/ports.js';
import {ask, connect} from './lib/socket.js';
import {openRaw, Raw, request} from './lib/wire.js';

let base;
before(async () => (base = await freeRange()));

const start = (t, options, ...lines) =>
  serve(t, {conf: conf(base, 'ROUTES: {/client-ws: echo}', 'STICKY: false', ...lines), ...options});

for (const signal of ['SIGINT', 'SIGTERM']) {
  test(`${signal}: 1001 to all, the port file gone, exit 0`, async (t) => {
    const server = await start(t);
    const socket = await connect(t, server.ws());
    const idle = await Raw.open(server.port);
    assert.equal(server.portFile, String(server.port));
    await server.stop(signal);
    assert.equal((await socket.closed).code, 1001);
    await idle.ended();
    assert.equal(server.portFile, undefined);
    await assert.rejects(request(server, '/health'), {code: 'ECONNREFUSED'});
  });
}

test('a port file that is somebody else\'s by now is left alone', async (t) => {
  const server = await start(t);
  const file = path.join(server.dir, 'server_port.txt');
  fs.writeFileSync(file, '4242');
  await server.stop();
  assert.equal(fs.readFileSync(file, 'utf8'), '4242');
});

test('the later of two keeps its port file when the earlier one ends', async (t) => {
  const dir = folder(t);
  const first = await start(t, {dir});
  const second = await start(t, {dir});
  assert.equal(second.portFile, String(second.port));
  await first.stop();
  assert.equal(second.portFile, String(second.port));
  await second.stop();
  assert.equal(second.portFile, undefined);
});

test('after a kill -9 the next start puts the right port into the stale file', async (t) => {
  const dir = folder(t);
  const first = await start(t, {dir});
  first.checked = true; // it is killed: there is no exit to judge
  first.process.kill('SIGKILL');
  await first.exited;
  assert.equal(first.portFile, String(first.port), 'the stale file stays');
  await tarpit(t, base);
  const second = await start(t, {dir});
  assert.equal(second.port, base + 1);
  assert.equal(second.portFile, String(base + 1));
});

test('while it drains nobody new gets in, and /health says so to those who are in', async (t) => {
  const server = await start(t, {}, 'LIMITS: {DRAIN_TIMEOUT: 1500}');
  const holdout = await openRaw(server); // never answers the close, so the drain lasts
  const keptAlive = await Raw.open(server.port);
  const get = `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`;
  await keptAlive.send(get).until((raw) => raw.statuses.length === 1);
  server.process.kill('SIGTERM');
  await holdout.until((raw) => raw.received[0] === 0x88);
  await assert.rejects(request(server, '/health'), {code: 'ECONNREFUSED'});
  keptAlive.send(get);
  await keptAlive.until((raw) => raw.statuses.length === 2 || raw.closed);
  if (keptAlive.statuses.length === 2) assert.equal(keptAlive.statuses[1], 503);
  await server.ended();
  holdout.destroy();
  keptAlive.destroy();
});

test('an answer under way is finished before the end', async (t) => {
  const large = 'abcdefgh'.repeat(1 << 19);
  const server = await start(t, {files: {'static/large.txt': large}}, 'STATIC: static');
  const raw = await Raw.open(server.port);
  raw.socket.pause();
  raw.send(`GET /static/large.txt HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`);
  await sleep(100);
  server.process.kill('SIGTERM');
  await sleep(100);
  raw.socket.resume();
  await raw.ended();
  assert.equal(raw.received.length - raw.received.indexOf('\r\n\r\n') - 4, large.length);
  await server.ended();
  raw.destroy();
});

test('a second signal ends it at once', async (t) => {
  const server = await start(t, {}, 'LIMITS: {DRAIN_TIMEOUT: 60000}');
  const holdout = await openRaw(server);
  server.process.kill('SIGINT');
  await holdout.until((raw) => raw.received[0] === 0x88);
  server.process.kill('SIGINT');
  await server.exited;
  server.checked = true;
  assert.ok(server.exit.code !== null || server.exit.signal === 'SIGINT');
  assert.equal(server.portFile, undefined);
  holdout.destroy();
});

test('a signal in the first moments ends it cleanly too', async (t) => {
  for (const wait of [0, 5, 10, 20, 50, 100]) {
    const run = begin(t, {conf: conf(base)});
    await sleep(wait);
    run.process.kill('SIGTERM');
    await run.exited;
    const clean = run.exit.code === 0 || run.exit.signal === 'SIGTERM'; // before it listens for signals
    assert.ok(clean, `${wait} ms: ${JSON.stringify(run.exit)}\n${run.stderr}`);
    assert.equal(run.portFile, undefined, `${wait} ms`);
  }
});

test('a closed stdout or stderr does not end it', async (t) => {
  const server = await start(t);
  server.process.stdout.destroy();
  server.process.stderr.destroy();
  const socket = await connect(t, server.ws());
  assert.equal(await ask(socket, 'x'), 'x');
  assert.equal((await request(server, '/nothing')).status, 404);
  server.process.kill('SIGTERM');
  await new Promise((resolve) => server.process.once('exit', resolve));
  assert.equal(server.process.exitCode, 0);
  server.checked = true;
});
