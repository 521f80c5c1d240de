// WebSocket over the wire: messages as they should be, frames as they should not, rooms, and closing.
import assert from 'node:assert/strict';
import {before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {conf, serve} from './lib/berth.js';
import {freeRange} from './lib/ports.js';
import {ask, connect, next} from './lib/socket.js';
import {closeCode, exchange, frame, handshake, handshakeStatus, openRaw} from './lib/wire.js';

let base;
before(async () => (base = await freeRange()));

const echo = (t, ...lines) => serve(t, {conf: conf(base, 'ROUTES: {/client-ws: echo}', ...lines)});
const hub = (t, ...lines) => serve(t, {conf: conf(base, 'ROUTES: {/client-ws: hub}', ...lines)});

describe('the handshake', () => {
  test('the answer carries the accept value of RFC 6455, and no extension', async (t) => {
    const server = await echo(t);
    const raw = await exchange(server, handshake(server) + frame(0x88, Buffer.from([3, 0xe8])).toString('latin1'));
    assert.match(raw.text, /^HTTP\/1\.1 101 /);
    assert.match(raw.text, /\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i);
    assert.doesNotMatch(raw.text, /sec-websocket-extensions/i);
  });

  test('what is not a handshake is told what is missing', async (t) => {
    const server = await echo(t);
    const cases = [
      [{'Sec-WebSocket-Version': '12'}, 426],
      [{'Sec-WebSocket-Version': undefined}, [400, 426]],
      [{'Sec-WebSocket-Key': undefined}, 400],
      [{'Sec-WebSocket-Key': 'short'}, 400],
      [{'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='}, 400],
      [{Upgrade: undefined, Connection: undefined}, [400, 426]],
      [{Upgrade: 'h2c'}, [400, 426]],
    ];
    for (const [headers, wanted] of cases) {
      const status = await handshakeStatus(server, headers);
      assert.ok([wanted].flat().includes(status), `${JSON.stringify(headers)}: ${status}`);
    }
  });

  test('the words of Connection and Upgrade are read in any case, among others', async (t) => {
    const server = await echo(t);
    assert.equal(await handshakeStatus(server, {Upgrade: 'WebSocket', Connection: 'keep-alive, UPGRADE'}), 101);
  });

  test('a path without a route is 404', async (t) => {
    const server = await echo(t);
    assert.equal(await handshakeStatus(server, {}, '/other-ws'), 404);
  });

  test('a frame that travels with the handshake is not lost', async (t) => {
    const server = await echo(t);
    const bytes = Buffer.concat([Buffer.from(handshake(server)), frame(0x81, 'early'), frame(0x88, Buffer.from([3, 0xe8]))]);
    const raw = await exchange(server, bytes);
    assert.ok(raw.text.includes('\x81\x05early'));
  });
});

describe('echo', () => {
  test('text, binary, empty, and every length where the encoding changes', async (t) => {
    const server = await echo(t);
    const socket = await connect(t, server.ws());
    for (const text of ['hello', '', 'grüße 👋', '\u0000']) assert.equal(await ask(socket, text), text);
    for (const size of [0, 1, 125, 126, 127, 65535, 65536, 65537]) {
      const bytes = Buffer.alloc(size, size & 0xff);
      const answer = await ask(socket, bytes);
      assert.ok(Buffer.isBuffer(answer) && answer.equals(bytes), `${size} bytes`);
    }
  });

  test('a message of the largest size comes back, one byte more is 1009', async (t) => {
    const server = await echo(t);
    const socket = await connect(t, server.ws(), {maxPayload: 0});
    const largest = Buffer.alloc(16 * 1024 * 1024, 7);
    assert.ok((await ask(socket, largest, 30_000)).equals(largest));
    socket.send(Buffer.alloc(largest.length + 1));
    assert.equal((await socket.closed).code, 1009);
  });

  test('the size is the whole message\'s, not the frame\'s', async (t) => {
    const server = await echo(t, 'LIMITS: {MESSAGE_SIZE: 1000}');
    const raw = await openRaw(server);
    raw.send(frame(0x02, Buffer.alloc(600))).send(frame(0x80, Buffer.alloc(600)));
    await raw.ended();
    assert.equal(closeCode(raw), 1009);
  });

  test('fragments are one message, with control frames between them', async (t) => {
    const server = await echo(t);
    const socket = await connect(t, server.ws());
    const pong = new Promise((resolve) => socket.on('pong', (data) => resolve(data.toString())));
    socket.send('one ', {fin: false});
    socket.ping('between');
    socket.send('two ', {fin: false});
    socket.send('', {fin: false});
    socket.send('three', {fin: true});
    assert.equal(await next(socket), 'one two three');
    assert.equal(await pong, 'between');
  });

  test('16 MiB in 65,536 fragments come back as one message', async (t) => {
    const server = await echo(t);
    const raw = await openRaw(server);
    const count = 65536;
    const message = Buffer.alloc(count * 256);
    for (let i = 0; i < message.length; i++) message[i] = (i * 31 + (i >> 8)) & 0xff; // no two fragments alike in a row
    const parts = Array.from({length: count}, (_, i) => {
      const first = (i === 0 ? 0x02 : 0x00) | (i === count - 1 ? 0x80 : 0x00);
      return frame(first, message.subarray(i * 256, (i + 1) * 256), {mask: [i & 0xff, i >> 8, 3, 0]});
    });
    raw.send(Buffer.concat(parts));
    await raw.until(({received}) => received.length >= 10 + message.length, 120_000);
    assert.deepEqual([...raw.received.subarray(0, 2)], [0x82, 127]);
    assert.equal(raw.received.readBigUInt64BE(2), BigInt(message.length));
    assert.ok(raw.received.subarray(10).equals(message));
    raw.destroy();
  });

  test('a character that is cut by a fragment is still one character', async (t) => {
    const server = await echo(t);
    const raw = await openRaw(server);
    const bytes = Buffer.from('👋');
    raw.send(frame(0x01, bytes.subarray(0, 2))).send(frame(0x80, bytes.subarray(2)));
    await raw.until((r) => r.received.includes(bytes));
    raw.destroy();
  });

  test('many small messages keep their order', async (t) => {
    const server = await echo(t);
    const socket = await connect(t, server.ws());
    for (let i = 0; i < 5000; i++) socket.send(String(i));
    for (let i = 0; i < 5000; i++) assert.equal(await next(socket), String(i));
  });

  test('frames byte by byte are the same frames', async (t) => {
    const server = await echo(t);
    const raw = await openRaw(server);
    raw.socket.setNoDelay(true);
    for (const byte of Buffer.concat([frame(0x81, 'slowly'), frame(0x89, 'ping')])) {
      raw.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await raw.until((r) => r.text === '\x81\x06slowly\x8a\x04ping');
    raw.destroy();
  });
});

describe('closing', () => {
  test('a close is answered with its own code', async (t) => {
    const server = await echo(t);
    for (const code of [1000, 1001, 1003, 3000, 4999]) {
      const socket = await connect(t, server.ws());
      socket.close(code, 'enough');
      assert.equal((await socket.closed).code, code);
    }
    const bare = await openRaw(server);
    await bare.send(frame(0x88)).ended();
    assert.ok([null, 1000].includes(closeCode(bare)));
  });

  test('a stop closes every socket with 1001', async (t) => {
    const server = await echo(t);
    const sockets = await Promise.all(Array.from({length: 20}, () => connect(t, server.ws())));
    await server.stop();
    for (const socket of sockets) assert.equal((await socket.closed).code, 1001);
  });

  test('a peer that never answers the close is cut off', async (t) => {
    const server = await echo(t, 'LIMITS: {DRAIN_TIMEOUT: 500}');
    const raw = await openRaw(server);
    await server.stop();
    assert.equal(closeCode(raw), 1001);
    await raw.ended();
    raw.destroy();
  });

  test('pings come, and a peer that never pongs is cut off', async (t) => {
    const server = await echo(t, 'LIMITS: {PING_INTERVAL: 200, PONG_TIMEOUT: 300}');
    const silent = await openRaw(server);
    const alive = await connect(t, server.ws());
    await silent.until((raw) => raw.received[0] === 0x89);
    await silent.ended(5000);
    silent.destroy();
    assert.equal(await ask(alive, 'still here'), 'still here');
  });
});

describe('what breaks the protocol is closed with its code', () => {
  const close = (...bytes) => frame(0x88, Buffer.from(bytes));
  const cases = {
    'a frame without a mask': [frame(0x81, 'x', {mask: null}), 1002],
    'reserved bit 1': [frame(0xc1, 'x'), 1002],
    'reserved bit 2': [frame(0xa1, 'x'), 1002],
    'reserved bit 3': [frame(0x91, 'x'), 1002],
    'opcode 3': [frame(0x83, 'x'), 1002],
    'opcode 11': [frame(0x8b, 'x'), 1002],
    'a ping of 126 bytes': [frame(0x89, Buffer.alloc(126)), 1002],
    'a ping in two fragments': [frame(0x09, 'x'), 1002],
    'a continuation of nothing': [frame(0x80, 'x'), 1002],
    'a new message inside another': [Buffer.concat([frame(0x01, 'x'), frame(0x81, 'y')]), 1002],
    'a length in more bytes than it needs (16 bit)': [Buffer.from([0x82, 0xfe, 0, 5, 0, 0, 0, 0]), 1002],
    'a length in more bytes than it needs (64 bit)': [Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0]), 1002],
    'a length with its top bit set': [Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 1002],
    'text that is no UTF-8': [frame(0x81, Buffer.from([0xff])), 1007],
    'an overlong character': [frame(0x81, Buffer.from([0xc0, 0xaf])), 1007],
    'a surrogate': [frame(0x81, Buffer.from([0xed, 0xa0, 0x80])), 1007],
    'text that ends inside a character': [frame(0x81, Buffer.from([0xf0, 0x9f])), 1007],
    'bad UTF-8 in a fragment, before the end': [frame(0x01, Buffer.from([0xff])), 1007],
    'a close of one byte': [close(3), 1002],
    'close code 0': [close(0, 0), 1002],
    'close code 999': [close(3, 0xe7), 1002],
    'close code 1004': [close(3, 0xec), 1002],
    'close code 1005': [close(3, 0xed), 1002],
    'close code 1006': [close(3, 0xee), 1002],
    'close code 1015': [close(3, 0xf7), 1002],
    'close code 2999': [close(0x0b, 0xb7), 1002],
    'close code 5000': [close(0x13, 0x88), 1002],
    'a close reason that is no UTF-8': [close(3, 0xe8, 0xff), 1007],
  };
  test(`${Object.keys(cases).length} kinds of it`, async (t) => {
    const server = await echo(t);
    for (const [name, [bytes, code]] of Object.entries(cases)) {
      await t.test(name, async () => {
        const raw = await openRaw(server);
        await raw.send(bytes).ended();
        assert.equal(closeCode(raw), code);
        raw.destroy();
      });
    }
    const socket = await connect(t, server.ws());
    assert.equal(await ask(socket, 'still here'), 'still here');
  });

  test('more fragments than allowed are 1008', async (t) => {
    const server = await echo(t, 'LIMITS: {MESSAGE_FRAGMENTS: 10}');
    const raw = await openRaw(server);
    raw.send(frame(0x02, 'x'));
    for (let i = 0; i < 12; i++) raw.send(frame(0x00, 'x'));
    await raw.ended();
    assert.equal(closeCode(raw), 1008);
    raw.destroy();
  });
});

describe('hub', () => {
  test('every message goes to all the others of the room, and to nobody else', async (t) => {
    const server = await hub(t);
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => connect(t, server.ws('/client-ws?room=kitchen'))));
    const stranger = await connect(t, server.ws('/client-ws?room=cellar'));
    const nowhere = await connect(t, server.ws());
    a.send('dinner');
    b.send(Buffer.from([1, 2, 3]));
    assert.equal(await next(b), 'dinner');
    assert.deepEqual(await next(a), Buffer.from([1, 2, 3]));
    const got = [await next(c), await next(c)].map(String).sort();
    assert.deepEqual(got, [String(Buffer.from([1, 2, 3])), 'dinner'].sort());
    await sleep(50);
    for (const socket of [a, b, c, stranger, nowhere]) assert.deepEqual(socket.queue, []);
  });

  test('a room\'s name is read as it is written in a URL', async (t) => {
    const server = await hub(t);
    const a = await connect(t, server.ws('/client-ws?x=1&room=a%20b'));
    const b = await connect(t, server.ws('/client-ws?room=a%20b&y=2'));
    a.send('hello');
    assert.equal(await next(b), 'hello');
  });

  test('one who leaves is missed by nobody', async (t) => {
    const server = await hub(t);
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => connect(t, server.ws('/client-ws?room=r'))));
    b.terminate();
    await b.closed;
    for (let i = 0; i < 100; i++) a.send(String(i));
    for (let i = 0; i < 100; i++) assert.equal(await next(c), String(i));
  });

  test('one who does not read is dropped at the limit, and the others get everything', async (t) => {
    const server = await hub(t, 'LIMITS: {SEND_QUEUE_SIZE: 65536}');
    const slow = await openRaw(server, '/client-ws?room=r');
    slow.socket.pause();
    const [sender, reader] = await Promise.all([1, 2].map(() => connect(t, server.ws('/client-ws?room=r'))));
    const message = Buffer.alloc(64 * 1024 - 64, 1);
    for (let i = 0; i < 300; i++) {
      sender.send(message);
      assert.equal((await next(reader)).length, message.length);
    }
    slow.socket.resume();
    await slow.ended();
    assert.ok([4408, undefined].includes(closeCode(slow)), `closed with ${closeCode(slow)}`);
    slow.destroy();
    sender.send('after');
    assert.equal(await next(reader), 'after');
  });
});

describe('a client that reads more slowly than others send to it', () => {
  const MESSAGES = 300;
  const numbered = (n) => {
    const message = Buffer.alloc(500_000, 1); // all of them are more than the system's buffers hold
    message.writeUInt32BE(n);
    return message;
  };
  const route = (t, way, limits = '') =>
    serve(t, {conf: conf(base, `ROUTES: {/client-ws: hub ${way}}`, `LIMITS: {${limits}}`)});

  /** A sleeper, who reads nothing until it wakes, and two others. */
  async function room(t, server) {
    const sleeper = await connect(t, server.ws());
    sleeper.pause();
    const [sender, reader] = await Promise.all([1, 2].map(() => connect(t, server.ws())));
    return {sleeper, sender, reader};
  }

  const numberOf = (message) => message.readUInt32BE();

  test('drop-oldest: misses what is oldest, and never the newest', async (t) => {
    const server = await route(t, 'drop-oldest');
    const {sleeper, sender, reader} = await room(t, server);
    for (let n = 0; n < MESSAGES; n++) {
      sender.send(numbered(n));
      assert.equal(numberOf(await next(reader)), n);
    }
    sleeper.resume();
    const got = [];
    while (got.at(-1) !== MESSAGES - 1) got.push(numberOf(await next(sleeper)));
    assert.ok(got.length < MESSAGES, 'nothing was dropped');
    assert.deepEqual(got, [...got].sort((a, b) => a - b));
    sender.send('after');
    assert.equal(await next(sleeper), 'after');
    const status = await (await fetch(server.url('/berth/status.json'))).json();
    assert.equal(status.messages.dropped, MESSAGES - got.length);
  });

  test('pause-writer: the sender waits, and nobody misses anything', async (t) => {
    const server = await route(t, 'pause-writer');
    const {sleeper, sender, reader} = await room(t, server);
    for (let n = 0; n < MESSAGES; n++) sender.send(numbered(n));
    await sleep(500);
    assert.ok(sender.bufferedAmount > 0, 'the sender was not slowed down');
    assert.ok(reader.queue.length < MESSAGES, 'the others got ahead');
    sleeper.resume();
    for (let n = 0; n < MESSAGES; n++) {
      assert.equal(numberOf(await next(reader)), n);
      assert.equal(numberOf(await next(sleeper)), n);
    }
  });

  test('pause-writer: one who takes nothing any more does not hold the others for ever', async (t) => {
    const server = await route(t, 'pause-writer', 'PONG_TIMEOUT: 2000');
    const {sender, reader} = await room(t, server);
    for (let n = 0; n < MESSAGES; n++) sender.send(numbered(n));
    for (let n = 0; n < MESSAGES; n++) assert.equal(numberOf(await next(reader)), n);
  });

  test('pause-writer: one who leaves lets the others go on', async (t) => {
    const server = await route(t, 'pause-writer');
    const {sleeper, sender, reader} = await room(t, server);
    for (let n = 0; n < MESSAGES; n++) sender.send(numbered(n));
    await sleep(200);
    sleeper.terminate();
    for (let n = 0; n < MESSAGES; n++) assert.equal(numberOf(await next(reader)), n);
  });

  test('pause-writer: a server that stops lets go of everybody', async (t) => {
    const server = await route(t, 'pause-writer', 'DRAIN_TIMEOUT: 500');
    const {sender} = await room(t, server);
    for (let n = 0; n < MESSAGES; n++) sender.send(numbered(n));
    await sleep(200);
    await server.stop();
  });
});

describe('--ws', () => {
  test('sets what stands behind /client-ws', async (t) => {
    const server = await serve(t, {conf: conf(base), args: ['--ws', 'echo']});
    const socket = await connect(t, server.ws());
    assert.equal(await ask(socket, 'x'), 'x');
  });

  test('demo answers a text-input with the assistant\'s own messages', async (t) => {
    const server = await serve(t, {conf: conf(base), args: ['--ws', 'demo']});
    const socket = await connect(t, server.ws());
    socket.send(JSON.stringify({type: 'text-input', text: 'hello'}));
    for (;;) {
      const message = JSON.parse(await next(socket));
      assert.equal(typeof message.type, 'string');
      if (message.type === 'full-text' && message.text) break;
    }
    socket.send('this is no JSON');
    for (;;) if (JSON.parse(await next(socket)).type === 'error') break;
  });
});
