// Bad input: each kind gets its status, none gets memory, and the server goes on answering.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {before, describe, test} from 'node:test';
import {conf, serve} from './lib/berth.js';
import {freeRange} from './lib/ports.js';
import {ask, connect} from './lib/socket.js';
import {closeCode, exchange, frame, handshake, openRaw, Raw, request} from './lib/wire.js';

let base;
before(async () => (base = await freeRange()));

const start = (t, ...lines) => serve(t, {conf: conf(base, 'ROUTES: {/client-ws: echo}', ...lines)});

async function stillAnswers(t, server) {
  assert.equal((await request(server, '/health')).status, 200);
  const socket = await connect(t, server.ws());
  assert.equal(await ask(socket, 'still here'), 'still here');
  socket.close();
  await socket.closed;
}

const residentKiB = (server) =>
  Number(/VmRSS:\s*(\d+)/.exec(fs.readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]);
const openFiles = (server) => fs.readdirSync(`/proc/${server.pid}/fd`).length;

describe('bytes that are no request', () => {
  test('garbage is 400 and a close', async (t) => {
    const server = await start(t);
    const host = `Host: 127.0.0.1:${server.port}`;
    const cases = {
      'TLS hello': Buffer.from('16030100c8010000c40303', 'hex'),
      'zeroes': Buffer.alloc(64),
      'all bytes': Buffer.concat([Buffer.from(Array.from({length: 256}, (_, i) => i)), Buffer.from('\r\n\r\n')]),
      'HTTP/0.9': 'GET /health\r\n\r\n',
      'HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      'no path': `GET HTTP/1.1\r\n${host}\r\n\r\n`,
      'space before the colon': `GET /health HTTP/1.1\r\n${host}\r\nX : y\r\n\r\n`,
      'folded header': `GET /health HTTP/1.1\r\n${host}\r\nX: y\r\n z\r\n\r\n`,
      'bare line feed': `GET /health HTTP/1.1\n${host}\n\n`,
      'bare carriage return': `GET /health HTTP/1.1\r\n${host}\r\nX: a\rb\r\n\r\n`,
      'NUL in a field': `GET /health HTTP/1.1\r\n${host}\r\nX: a\0b\r\n\r\n`,
      'two lengths': `POST /health HTTP/1.1\r\n${host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
      'length and chunks': `POST /health HTTP/1.1\r\n${host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      'length with a sign': `POST /health HTTP/1.1\r\n${host}\r\nContent-Length: +5\r\n\r\nabcde`,
      'length that overflows': `POST /health HTTP/1.1\r\n${host}\r\nContent-Length: 99999999999999999999\r\n\r\n`,
      'chunk size that is none': `POST /health HTTP/1.1\r\n${host}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n`,
    };
    for (const [name, bytes] of Object.entries(cases)) {
      await t.test(name, async () => {
        const raw = await Raw.open(server.port);
        raw.send(bytes).socket.end();
        await raw.ended();
        assert.ok(raw.statuses.at(-1) >= 400 && raw.statuses.at(-1) < 600, JSON.stringify(raw.text));
        assert.ok(!raw.text.includes('"instance"'), 'it was answered as if it were good');
        raw.destroy();
      });
    }
    await stillAnswers(t, server);
  });

  test('random bytes, many times over', async (t) => {
    const server = await start(t);
    let seed = 1;
    const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 16;
    for (let round = 0; round < 200; round++) {
      const raw = await Raw.open(server.port);
      const bytes = Buffer.from(Array.from({length: 1 + (random() % 512)}, () => random() & 0xff));
      raw.send(round % 2 ? bytes : Buffer.concat([Buffer.from(handshake(server)), bytes])).socket.end();
      await raw.ended();
      raw.destroy();
    }
    await stillAnswers(t, server);
  });

  test('half a request and a close leaves nothing behind', async (t) => {
    const server = await start(t);
    await stillAnswers(t, server); // what is opened once, on first need, is open now
    const files = openFiles(server);
    for (const part of ['', 'G', 'GET /health HTTP/1.1\r\nHost: 127.', handshake(server).slice(0, -2)]) {
      const raw = await Raw.open(server.port);
      raw.send(part);
      raw.socket.end();
      await raw.ended();
      raw.destroy();
    }
    await waitFor(() => openFiles(server) <= files, 'the connections are gone');
    await stillAnswers(t, server);
  });
});

describe('too much', () => {
  test('a head that is too long is 431, also one of 1 GiB', async (t) => {
    const server = await start(t);
    const before = residentKiB(server);
    const raw = await Raw.open(server.port);
    raw.send(`GET /health HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nX: `);
    const part = Buffer.alloc(1 << 20, 'a');
    for (let sent = 0; sent < 1024 && !raw.closed; sent++) {
      await new Promise((resolve) => (raw.socket.write(part, resolve), raw.socket.once('close', resolve)));
    }
    await raw.ended();
    assert.ok(raw.statuses[0] === 431 || raw.error === 'ECONNRESET' || raw.error === 'EPIPE', raw.text || raw.error);
    assert.ok(residentKiB(server) - before < 32 * 1024, 'it was kept in memory');
    await stillAnswers(t, server);
  });

  test('431 is said in so many words when the head is just over', async (t) => {
    const server = await start(t);
    const long = await exchange(server, `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${base}\r\nX: ${'a'.repeat(16384)}\r\n\r\n`);
    assert.deepEqual(long.statuses, [431]);
    const many = await exchange(server, `GET /health HTTP/1.1\r\nHost: 127.0.0.1:${base}\r\n${'X: y\r\n'.repeat(101)}\r\n`);
    assert.deepEqual(many.statuses, [431]);
  });

  test('a body that is too long is 413 before it is sent', async (t) => {
    const server = await start(t);
    const raw = await exchange(server, `POST /health HTTP/1.1\r\nHost: 127.0.0.1:${base}\r\nContent-Length: 1073741824\r\n\r\n`);
    assert.ok([413, 405].includes(raw.statuses[0]), raw.text);
    await stillAnswers(t, server);
  });

  test('a frame of 4 GiB is 1009 at its head', async (t) => {
    const server = await start(t);
    const before = residentKiB(server);
    for (const high of [[0, 0, 0, 1, 0, 0, 0, 0], [0x7f, 255, 255, 255, 255, 255, 255, 255]]) {
      const raw = await openRaw(server);
      await raw.send(Buffer.from([0x82, 0xff, ...high, 1, 2, 3, 4])).ended();
      assert.equal(closeCode(raw), 1009);
      raw.destroy();
    }
    assert.ok(residentKiB(server) - before < 32 * 1024);
    await stillAnswers(t, server);
  });

  test('1,000 connections opened and dropped leave nothing behind', async (t) => {
    const server = await start(t);
    await stillAnswers(t, server); // as above
    const files = openFiles(server);
    for (let round = 0; round < 20; round++) {
      const sockets = await Promise.all(Array.from({length: 50}, () => Raw.open(server.port)));
      for (const [i, raw] of sockets.entries()) {
        if (i % 3 === 1) raw.send(handshake(server));
        if (i % 3 === 2) raw.send('GET /');
        raw.socket.resetAndDestroy();
      }
    }
    await waitFor(() => openFiles(server) <= files, 'the connections are gone');
    await stillAnswers(t, server);
  });

  test('over the limit of connections: 503, and room again when one leaves', async (t) => {
    const server = await start(t, 'LIMITS: {CONNECTIONS: 4}');
    const held = [];
    for (let i = 0; i < 4; i++) {
      const raw = await Raw.open(server.port);
      held.push(await raw.send(`GET /health HTTP/1.1\r\nHost: 127.0.0.1:${base}\r\n\r\n`).until((r) => r.statuses.length));
    }
    const fifth = await Raw.open(server.port);
    fifth.send(`GET /health HTTP/1.1\r\nHost: 127.0.0.1:${base}\r\n\r\n`);
    await fifth.ended();
    assert.ok(fifth.statuses[0] === 503 || fifth.error === 'ECONNRESET', fifth.text);
    for (const raw of held) raw.destroy();
    await waitFor(async () => (await request(server, '/health').catch(() => ({}))).status === 200, 'room again');
  });
});

describe('too slow', () => {
  test('a head that does not come is 408', async (t) => {
    const server = await start(t, 'LIMITS: {HEAD_TIMEOUT: 300}');
    const slow = await Raw.open(server.port);
    const drip = setInterval(() => slow.send('X'), 50); // bytes that come do not put it off
    slow.send('GET /health HTTP/1.1\r\nX: ');
    await slow.ended(5000);
    clearInterval(drip);
    assert.deepEqual(slow.statuses, [408]);
    slow.destroy();
    await stillAnswers(t, server);
  });

  test('a connection that lies idle between requests is closed', async (t) => {
    const server = await start(t, 'LIMITS: {IDLE_TIMEOUT: 300}');
    const raw = await Raw.open(server.port);
    raw.send(`GET /health HTTP/1.1\r\nHost: 127.0.0.1:${base}\r\n\r\n`);
    await raw.ended(5000);
    assert.equal(raw.statuses[0], 200);
    raw.destroy();
  });

  test('one who does not read his answer does not stop the others', async (t) => {
    const server = await start(t);
    const raw = await openRaw(server);
    raw.socket.pause();
    for (let i = 0; i < 64; i++) raw.send(frame(0x82, Buffer.alloc(1 << 20)));
    await stillAnswers(t, server);
    assert.ok(residentKiB(server) < 512 * 1024, `${residentKiB(server)} KiB`);
    raw.destroy();
  });
});

async function waitFor(condition, what, within = 10_000) {
  for (const deadline = Date.now() + within; Date.now() < deadline; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`not within ${within} ms: ${what}`);
}
