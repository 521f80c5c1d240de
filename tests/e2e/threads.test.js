// Several threads that are one server: every connection is served, hubs reach across, one ticket opens one door, and
// all of it ends together. `./dev threads` runs this under ThreadSanitizer.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {before, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {conf, folder, serve, write} from './lib/berth.js';
import {freeRange} from './lib/ports.js';
import {ask, connect, next} from './lib/socket.js';
import {Raw, request} from './lib/wire.js';

const THREADS = 4;

let base;
before(async () => (base = await freeRange()));

const start = (t, options, ...lines) =>
  serve(t, {conf: conf(base, `THREADS: ${THREADS}`, 'STICKY: false', ...lines), ...options});

const several = (count, make) => Promise.all(Array.from({length: count}, (_, i) => make(i)));

async function status(server) {
  return JSON.parse((await request(server, '/berth/status.json')).text);
}

test('it has as many threads as it was told', async (t) => {
  const server = await start(t);
  assert.equal((await status(server)).threads, THREADS);
  assert.ok(fs.readdirSync(`/proc/${server.pid}/task`).length >= THREADS);
});

test('messages of many clients come back, in their order', async (t) => {
  const server = await start(t);
  const sockets = await several(24, () => connect(t, server.ws()));
  await Promise.all(sockets.map(async (socket, who) => {
    for (let i = 0; i < 50; i++) socket.send(`${who} ${i}`);
    for (let i = 0; i < 50; i++) assert.equal(await next(socket), `${who} ${i}`);
    const large = Buffer.alloc(1 << 20, who);
    assert.ok((await ask(socket, large)).equals(large));
  }));
  const {connections, messages} = await status(server);
  assert.equal(connections.websocket, 24);
  assert.deepEqual([messages.in, messages.out], [24 * 51, 24 * 51]);
});

test('a hub reaches its clients in all threads, each sender in order', async (t) => {
  const server = await start(t, {}, 'ROUTES: {/client-ws: hub}');
  const clients = 16, each = 60;
  const sockets = await several(clients, () => connect(t, server.ws('/client-ws?room=r')));
  const stranger = await connect(t, server.ws('/client-ws?room=other'));
  for (let i = 0; i < each; i++) for (const [who, socket] of sockets.entries()) socket.send(JSON.stringify([who, i]));
  await Promise.all(sockets.map(async (socket, me) => {
    const seen = Array(clients).fill(0);
    for (let count = 0; count < (clients - 1) * each; count++) {
      const [who, i] = JSON.parse(await next(socket));
      assert.notEqual(who, me);
      assert.equal(i, seen[who]++);
    }
  }));
  assert.equal(stranger.queue.length, 0);
});

test('a hub that waits for its slow readers waits for those in other threads too', async (t) => {
  const server = await start(t, {}, 'ROUTES: {/client-ws: hub pause-writer}', 'LIMITS: {SEND_QUEUE_SIZE: 65536}');
  const [writer, ...readers] = await several(THREADS, () => connect(t, server.ws()));
  readers[0].pause();
  const message = Buffer.alloc(30_000, 1), count = 600;
  for (let i = 0; i < count; i++) writer.send(message);
  await sleep(1000);
  assert.ok(writer.bufferedAmount > 0, 'the writer is read no further');
  readers[0].resume();
  await Promise.all(readers.map(async (reader) => {
    for (let i = 0; i < count; i++) assert.equal((await next(reader, 30_000)).length, message.length);
  }));
});

test('a ticket lets one in, whichever thread is asked', async (t) => {
  const server = await start(t);
  const record = JSON.parse(fs.readFileSync(path.join(server.dir, `run/berth/e2e/${server.record.instance}.json`)));
  const answer = await request(server, '/berth/ticket',
    {method: 'POST', headers: {Authorization: `Bearer ${record.token}`}});
  const {ticket} = JSON.parse(answer.text);
  const answers = await several(16, () => request(server, `/berth/enter?ticket=${ticket}`));
  const entered = answers.filter((one) => one.status === 303);
  assert.equal(entered.length, 1);
  assert.equal(answers.filter((one) => one.status === 401).length, 15);
  const cookie = [entered[0].headers['set-cookie']].flat()[0].split(';')[0];
  const inside = await several(8, () => request(server, '/berth/status.json', {headers: {Cookie: cookie}}));
  for (const one of inside) assert.equal(one.status, 200);
});

test('a file that changes is a new one to all', async (t) => {
  const dir = folder(t);
  write(dir, {'page/a.txt': 'first'});
  const server = await start(t, {dir}, 'STATIC: page');
  const get = () => several(12, async () => (await request(server, '/static/a.txt')).text);
  assert.deepEqual(new Set(await get()), new Set(['first']));
  fs.writeFileSync(path.join(dir, 'page/a.txt'), 'second');
  await sleep(50);
  assert.deepEqual(new Set(await get()), new Set(['second']));
});

// Each thread reads it at its own moment: one tag for two contents would mix them up for ever.
test('contents of one size and one time have tags of their own, whoever reads them', async (t) => {
  const dir = folder(t);
  write(dir, {'page/a.txt': '000'});
  const server = await start(t, {dir}, 'STATIC: page');
  const file = path.join(dir, 'page/a.txt'), time = Math.floor(Date.now() / 1000) + 1;
  const tags = new Set();
  for (const content of ['one', 'two', 'six', 'ten']) {
    fs.writeFileSync(file, content);
    fs.utimesSync(file, time, time);
    const answer = await request(server, '/static/a.txt');
    assert.equal(answer.text, content);
    tags.add(answer.headers.etag);
  }
  assert.equal(tags.size, 4);
});

test('the limit of connections is one for all', async (t) => {
  const server = await start(t, {}, 'LIMITS: {CONNECTIONS: 10}');
  const held = await several(10, () => connect(t, server.ws()));
  await assert.rejects(connect(t, server.ws()), {status: 503});
  held[3].close();
  await held[3].closed;
  await sleep(50);
  await connect(t, server.ws());
});

for (const signal of ['SIGINT', 'SIGTERM'])
  test(`${signal}: 1001 to all in all threads, exit 0`, async (t) => {
    const server = await start(t);
    const sockets = await several(12, () => connect(t, server.ws()));
    const idle = await several(4, () => Raw.open(server.port));
    await server.stop(signal);
    for (const socket of sockets) assert.equal((await socket.closed).code, 1001);
    for (const raw of idle) await raw.ended();
    assert.equal(server.portFile, undefined);
  });

test('a second signal cuts those that stay', async (t) => {
  const server = await start(t);
  const held = await several(8, () => Raw.open(server.port));
  for (const raw of held) raw.send('GET /health HTTP/1.1\r\nHost: ');
  await sleep(50);
  server.process.kill('SIGTERM');
  await server.until((run) => run.stderr.includes('a second signal ends at once'), 'draining');
  await server.stop('SIGTERM', {code: 1});
});

test('clients that come and go while a hub talks, and an end in the middle of it', async (t) => {
  const server = await start(t, {}, 'ROUTES: {/client-ws: hub}');
  let ended = false;
  const visit = async () => {
    while (!ended) {
      const socket = await connect(t, server.ws()).catch(() => null);
      if (!socket) return;
      for (let i = 0; i < 10; i++) socket.send('hello'.repeat(100));
      await sleep(Math.random() * 20);
      if (Math.random() < 0.5) socket.terminate();
      else socket.close();
      await socket.closed;
    }
  };
  const visits = several(16, visit);
  await sleep(1500);
  assert.ok((await status(server)).connections.accepted > 100);
  const stopped = server.stop();
  await stopped;
  ended = true;
  await visits;
});
