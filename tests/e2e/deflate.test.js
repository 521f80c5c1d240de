// Compressed WebSocket messages (RFC 7692), with the `ws` package and Chromium as clients, and frames by hand.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {after, before, describe, test} from 'node:test';
import zlib from 'node:zlib';
import {conf, serve} from './lib/berth.js';
import {launch, open} from './lib/browser.js';
import {freeRange} from './lib/ports.js';
import {ask, connect, next} from './lib/socket.js';
import {closeCode, frame, handshake, Raw} from './lib/wire.js';

let base;
before(async () => (base = await freeRange()));

const start = (t, compression, ...lines) =>
  serve(t, {conf: conf(base, 'ROUTES: {/client-ws: echo, /hub: hub}', ...(compression ? [`COMPRESSION: ${compression}`] : []), ...lines)});

const KIB = 1024;
const MIB = 1024 * 1024;
const SIZES = [1, 2, 125, 126, 1023, 1024, 1025, 5000, 32 * KIB, 32 * KIB + 1, 65535, 65536, 300_000, MIB];

/** Text that becomes smaller, with characters of two to four bytes in it, of exactly so many bytes. */
function text(size) {
  const words = 'the tide comes in, the tide goes out — grüße 👋 ';
  let made = '';
  for (let n = 0, left = size; left > 0; n++) {
    const more = n % 7 === 0 ? String(n) : words;
    const fits = Buffer.byteLength(more) <= left;
    made += fits ? more : 'x'.repeat(left);
    left -= fits ? Buffer.byteLength(more) : left;
  }
  return made;
}

/** Bytes that do not, the same each time. */
function noise(size) {
  const bytes = Buffer.alloc(size);
  for (let i = 0, seed = 1; i < size; i++) bytes[i] = (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 24;
  return bytes;
}

const offer = (parameters = '') => ({'Sec-WebSocket-Extensions': `permessage-deflate${parameters}`});

/** A raw connection on which compression was offered; `raw.answer` is the head of the answer. */
async function openOffering(server, parameters, target = '/client-ws') {
  const raw = await Raw.open(server.port);
  await raw.send(handshake(server, target, offer(parameters))).until((r) => r.text.includes('\r\n\r\n'));
  assert.equal(raw.statuses[0], 101);
  const end = raw.received.indexOf('\r\n\r\n') + 4;
  raw.answer = raw.text.slice(0, end);
  raw.received = raw.received.subarray(end);
  return raw;
}

/** A message's payload, as a peer that does not keep its window makes it. */
const deflate = (bytes, options) =>
  zlib.deflateRawSync(bytes, {finishFlush: zlib.constants.Z_SYNC_FLUSH, ...options}).subarray(0, -4);

const residentKiB = (server) => Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]);

describe('what is agreed on', () => {
  const answer = async (server, parameters) => {
    const raw = await openOffering(server, parameters);
    raw.destroy();
    return /sec-websocket-extensions: (.*)\r\n/i.exec(raw.answer)?.[1];
  };

  test('by default, no window is kept', async (t) => {
    const server = await start(t);
    assert.equal(await answer(server, '; client_max_window_bits'),
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover');
  });

  test('own: as the client likes it', async (t) => {
    const server = await start(t, 'own');
    assert.equal(await answer(server, '; client_max_window_bits'), 'permessage-deflate');
    assert.equal(await answer(server, '; server_max_window_bits=10; client_max_window_bits=11; server_no_context_takeover'),
      'permessage-deflate; server_no_context_takeover; server_max_window_bits=10; client_max_window_bits=11');
    assert.equal(await answer(server, '; server_max_window_bits=8'), undefined);
  });

  test('off: nothing', async (t) => {
    const server = await start(t, 'off');
    assert.equal(await answer(server, ''), undefined);
  });
});

describe('every combination of parameters, both ways', () => {
  const combinations = [];
  // Not false: with that, `ws` does not let the server say so of itself.
  for (const serverNoContextTakeover of [undefined, true])
    for (const clientNoContextTakeover of [undefined, true])
      for (const serverMaxWindowBits of [undefined, 9, 12, 15])
        for (const clientMaxWindowBits of [undefined, 9, 12, 15])
          combinations.push({serverNoContextTakeover, clientNoContextTakeover, serverMaxWindowBits, clientMaxWindowBits});

  for (const compression of ['shared', 'own']) {
    test(`${compression}: ${combinations.length} of them, messages of 1 byte to 1 MiB`, async (t) => {
      const server = await start(t, compression);
      const messages = SIZES.filter((size) => size <= 65536).flatMap((size) => [text(size), Buffer.from(text(size)), noise(size)]);
      for (const [n, parameters] of combinations.entries()) {
        const perMessageDeflate = {...parameters, threshold: n % 2 ? 0 : 1024};
        const socket = await connect(t, server.ws(), {perMessageDeflate});
        assert.match(socket.extensions, /permessage-deflate/);
        for (const message of messages) {
          const got = await ask(socket, message);
          assert.ok(typeof message === 'string' ? got === message : message.equals(got),
            `${JSON.stringify(parameters)}: ${message.length}`);
        }
        socket.close();
        await socket.closed;
      }
    });

    test(`${compression}: every size, in a row, in one go`, async (t) => {
      const server = await start(t, compression);
      const socket = await connect(t, server.ws(), {perMessageDeflate: {threshold: 0}});
      const messages = [...SIZES, ...SIZES].flatMap((size) => [text(size), noise(size)]);
      for (const message of messages) socket.send(message);
      for (const message of messages) {
        const got = await next(socket, 30_000);
        assert.ok(typeof message === 'string' ? got === message : message.equals(got), `${message.length}`);
      }
    });

    test(`${compression}: fragments, with pings between them`, async (t) => {
      const server = await start(t, compression);
      const socket = await connect(t, server.ws(), {perMessageDeflate: {threshold: 0}});
      for (let round = 0; round < 3; round++) {
        const whole = text(100_000);
        for (let at = 0; at < whole.length; at += 9973) {
          socket.send(whole.slice(at, at + 9973), {fin: at + 9973 >= whole.length});
          socket.ping();
        }
        assert.equal(await next(socket), whole);
      }
    });
  }
});

describe('on the wire', () => {
  test('a message is smaller, a short one and noise are as they were', async (t) => {
    const server = await start(t, 'shared');
    const raw = await openOffering(server);
    raw.send(frame(0x81, text(20_000)));
    await raw.until((r) => r.received.length > 4 && r.received.length >= 4 + r.received.readUInt16BE(2));
    assert.equal(raw.received[0], 0xc1);
    assert.ok(raw.received.length < 5000, `${raw.received.length} bytes`);
    const payload = Buffer.concat([raw.received.subarray(4), Buffer.from([0, 0, 0xff, 0xff])]);
    assert.equal(zlib.inflateRawSync(payload, {finishFlush: zlib.constants.Z_SYNC_FLUSH}).toString(), text(20_000));
    for (const message of [Buffer.from(text(1023)), noise(20_000)]) {
      raw.received = Buffer.alloc(0);
      raw.send(frame(0x82, message));
      await raw.until((r) => r.received.length >= message.length + 4);
      assert.equal(raw.received[0], 0x82);
      assert.ok(raw.received.subarray(4).equals(message));
    }
    raw.destroy();
  });

  test('COMPRESSION_MIN is where compression begins', async (t) => {
    const server = await start(t, 'shared', 'COMPRESSION_MIN: 100');
    const raw = await openOffering(server);
    raw.send(frame(0x81, 'a'.repeat(99)));
    await raw.until((r) => r.received.length >= 101);
    assert.equal(raw.received[0], 0x81);
    raw.received = Buffer.alloc(0);
    raw.send(frame(0x81, 'a'.repeat(100)));
    await raw.until((r) => r.received.length > 2);
    assert.equal(raw.received[0], 0xc1);
    raw.destroy();
  });

  test('with a window of its own, what was said before is short', async (t) => {
    const server = await start(t, 'own');
    const raw = await openOffering(server);
    const message = noise(4000).map((byte) => 0x61 + (byte >> 4));
    const sizes = [];
    for (let i = 0; i < 2; i++) {
      raw.received = Buffer.alloc(0);
      raw.send(frame(0x81, message));
      await raw.until((r) => r.received.length > 4 &&
        r.received.length >= (r.received[1] < 126 ? 2 + r.received[1] : 4 + r.received.readUInt16BE(2)));
      sizes.push(raw.received.length);
    }
    assert.ok(sizes[1] < sizes[0] / 10, `${sizes}`);
    raw.destroy();
  });

  test('a hub\'s message gets to everybody as they have agreed', async (t) => {
    const server = await start(t, 'own');
    const kinds = [false, {}, {serverNoContextTakeover: true}, {serverMaxWindowBits: 9}, {serverMaxWindowBits: 9, serverNoContextTakeover: true}];
    const sockets = await Promise.all(kinds.map((perMessageDeflate) => connect(t, server.ws('/hub?room=r'), {perMessageDeflate})));
    for (const size of [10, 2000, 100_000]) {
      for (const sender of sockets) {
        sender.send(text(size));
        for (const socket of sockets) if (socket !== sender) assert.equal(await next(socket), text(size));
      }
    }
  });
});

describe('what breaks the rules is closed with its code', () => {
  for (const compression of ['shared', 'own']) {
    test(compression, async (t) => {
      const server = await start(t, compression, 'LIMITS: {MESSAGE_SIZE: 1048576}');
      const cases = {
        'garbage': [frame(0xc2, Buffer.from('this is not deflate')), 1007],
        'noise': [frame(0xc2, noise(5000)), 1007],
        'a message without its end': [frame(0xc1, deflate(Buffer.from(text(5000))).subarray(0, -20)), 1007],
        'an empty payload': [frame(0xc1, ''), 1007],
        'text that is no UTF-8': [frame(0xc1, deflate(Buffer.from([0x61, 0xff]))), 1007],
        'text that ends inside a character': [frame(0xc1, deflate(Buffer.from([0xf0, 0x9f]))), 1007],
        'a bomb of 1 GiB': [frame(0xc2, deflate(Buffer.alloc(1024 * MIB))), 1009],
        'one byte too many': [frame(0xc2, deflate(Buffer.alloc(MIB + 1))), 1009],
        'the bit on a continuation': [Buffer.concat([frame(0x41, deflate(Buffer.from('a'))), frame(0xc0, 'b')]), 1002],
        'the bit on a ping': [frame(0xc9, 'p'), 1002],
        'the bit on a close': [frame(0xc8, Buffer.from([3, 0xe8])), 1002],
        'another reserved bit': [frame(0xe1, deflate(Buffer.from('a'))), 1002],
      };
      for (const [name, [bytes, code]] of Object.entries(cases)) {
        await t.test(name, async () => {
          const raw = await openOffering(server);
          await raw.send(bytes).ended();
          assert.equal(closeCode(raw), code);
          raw.destroy();
        });
      }
      await t.test('just at the limit is not over it', async () => {
        const socket = await connect(t, server.ws(), {perMessageDeflate: {threshold: 0}});
        assert.ok((await ask(socket, Buffer.alloc(MIB))).equals(Buffer.alloc(MIB)));
      });
    });
  }

  test('the bit where nothing was agreed on', async (t) => {
    const server = await start(t, 'shared');
    const raw = await Raw.open(server.port);
    await raw.send(handshake(server)).until((r) => r.text.includes('\r\n\r\n'));
    raw.received = Buffer.alloc(0);
    await raw.send(frame(0xc1, deflate(Buffer.from('a')))).ended();
    assert.equal(closeCode(raw), 1002);
    raw.destroy();
  });

  // A gibibyte of zeros in each; under AddressSanitizer freed memory stays for a while (up to 256 MB).
  test('bombs cost memory for one message, not for what they would be', async (t) => {
    const server = await start(t, 'shared', 'LIMITS: {MESSAGE_SIZE: 1048576}');
    const bomb = frame(0xc2, deflate(Buffer.alloc(1024 * MIB)));
    const before = residentKiB(server);
    for (let i = 0; i < 5; i++) {
      const raw = await openOffering(server);
      await raw.send(bomb).ended();
      assert.equal(closeCode(raw), 1009);
      raw.destroy();
    }
    const grown = residentKiB(server) - before;
    assert.ok(grown < 300 * KIB, `${grown} KiB more`);
  });
});

describe('in Chromium', () => {
  let browser;
  before(async () => (browser = await launch()));
  after(() => browser?.close());

  for (const compression of ['shared', 'own']) {
    test(`${compression}: text and bytes come back as they were`, async (t) => {
      const server = await start(t, compression);
      const page = await open(t, browser, server.url('/'));
      const result = await page.evaluate(async (url) => {
        const socket = new WebSocket(url);
        socket.binaryType = 'arraybuffer';
        await new Promise((resolve, reject) => ((socket.onopen = resolve), (socket.onerror = reject)));
        const come = (message) => new Promise((resolve) => {
          socket.onmessage = ({data}) => resolve(data);
          socket.onclose = ({code}) => resolve(`closed ${code}`);
          socket.send(message);
        });
        const faults = [];
        for (let round = 0; round < 2; round++) {
          for (const size of [0, 1, 1023, 1024, 5000, 70000, 1 << 20]) {
            const text = 'tide — 👋 '.repeat(size / 9 + 1).slice(0, size).toWellFormed();
            if ((await come(text)) !== text) faults.push(`text of ${size}`);
            const bytes = Uint8Array.from({length: size}, (_, i) => (i * i) >> 5);
            const got = new Uint8Array(await come(bytes));
            if (got.length !== size || got.some((byte, i) => byte !== bytes[i])) faults.push(`${size} bytes`);
          }
        }
        return {faults, extensions: socket.extensions};
      }, server.ws());
      assert.deepEqual(result.faults, []);
      assert.match(result.extensions, /^permessage-deflate/);
    });
  }
});
