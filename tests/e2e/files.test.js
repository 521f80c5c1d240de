// Static files: conditions, ranges, codings, and what is kept in memory.
import assert from 'node:assert/strict';
import {once} from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import zlib from 'node:zlib';
import {conf, folder, serve, write} from './lib/berth.js';
import {freeRange} from './lib/ports.js';
import {exchange, Raw, request} from './lib/wire.js';

let base;
before(async () => (base = await freeRange()));

const BIG = 3_000_000;
const big = Buffer.alloc(BIG, (byte) => byte);
for (let i = 0; i < BIG; i++) big[i] = (i * 31 + (i >> 8)) & 0xff;
const YEAR_2001 = new Date('2001-02-03T04:05:06Z');

/** A server with those files beneath static/, all of them modified long ago. */
async function site(t, files, ...lines) {
  const dir = folder(t);
  write(dir, Object.fromEntries(Object.entries(files).map(([name, text]) => [`static/${name}`, text])));
  for (const name of Object.keys(files)) fs.utimesSync(path.join(dir, 'static', name), YEAR_2001, YEAR_2001);
  const server = await serve(t, {dir, conf: conf(base, 'STATIC: static', ...lines)});
  server.file = (name) => path.join(dir, 'static', name);
  server.get = (name, headers = {}, method = 'GET') => request(server, `/static/${name}`, {headers, method});
  return server;
}

/** The body as bytes. */
async function bytes(server, name, fields = '') {
  const raw = await exchange(
    server,
    `GET /static/${name} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n${fields}\r\n`,
    {within: 20_000},
  );
  const end = raw.received.indexOf('\r\n\r\n');
  return {head: raw.received.subarray(0, end).toString(), body: raw.received.subarray(end + 4)};
}

/** Until the answer is as wanted: a change is heard of through the system, a moment later. */
async function eventually(ask, wanted) {
  for (const deadline = Date.now() + 10_000; ; await sleep(5)) {
    const got = await ask();
    if (wanted(got)) return;
    if (Date.now() > deadline) assert.fail(`still ${got.status} ${JSON.stringify(got.text.slice(0, 100))}`);
  }
}

describe('conditions', () => {
  test('a tag and a date, and 304 for who has it', async (t) => {
    const server = await site(t, {'a.txt': 'text'});
    for (let round = 0; round < 2; round++) {
      // the second time from memory
      const first = await server.get('a.txt');
      assert.equal(first.status, 200);
      assert.equal(first.headers['last-modified'], 'Sat, 03 Feb 2001 04:05:06 GMT');
      assert.match(first.headers.etag, /^"[^"]+"$/);
      assert.equal(first.headers['accept-ranges'], 'bytes');
      assert.equal(first.headers['x-content-type-options'], 'nosniff');
      for (const headers of [
        {'If-None-Match': first.headers.etag},
        {'If-None-Match': `"other", W/${first.headers.etag}`},
        {'If-None-Match': '*'},
        {'If-Modified-Since': first.headers['last-modified']},
      ]) {
        for (const method of ['GET', 'HEAD']) {
          const again = await server.get('a.txt', headers, method);
          assert.equal(again.status, 304, JSON.stringify(headers));
          assert.equal(again.text, '');
          assert.equal(again.headers.etag, first.headers.etag);
          assert.equal(again.headers['content-length'], undefined);
          assert.match(again.headers.vary, /Accept-Encoding/);
          assert.equal(again.headers['cache-control'], 'no-cache');
        }
      }
      assert.equal((await server.get('a.txt', {'If-None-Match': '"other"'})).text, 'text');
      assert.equal((await server.get('a.txt', {'If-Match': '"other"'})).status, 412);
      assert.equal((await server.get('a.txt', {'If-Match': first.headers.etag})).status, 200);
      assert.equal(
        (await server.get('a.txt', {'If-Unmodified-Since': 'Sat, 03 Feb 2001 04:05:05 GMT'})).status,
        412,
      );
    }
  });

  test('the tag of a file that was written just now is a weak one', async (t) => {
    const server = await site(t, {'a.txt': 'text'});
    fs.writeFileSync(server.file('new.txt'), 'new');
    assert.match((await server.get('new.txt')).headers.etag, /^W\/"/);
  });

  test('two contents of one size and one time have two tags', async (t) => {
    const server = await site(t, {'a.txt': 'one'});
    const soon = new Date(Date.now() + 1000); // as within one tick of the clock
    const put = (text) => {
      fs.writeFileSync(server.file('a.txt'), text);
      fs.utimesSync(server.file('a.txt'), soon, soon);
    };
    put('two');
    const {etag} = (await server.get('a.txt')).headers;
    assert.equal((await server.get('a.txt', {'If-None-Match': etag})).status, 304);
    put('six');
    assert.equal((await server.get('a.txt', {'If-None-Match': etag})).text, 'six');
  });

  test('a file with another content has another tag', async (t) => {
    const server = await site(t, {'a.txt': 'one'});
    const {etag} = (await server.get('a.txt')).headers;
    fs.writeFileSync(server.file('b.txt'), 'two');
    fs.utimesSync(server.file('b.txt'), YEAR_2001, YEAR_2001);
    fs.renameSync(server.file('b.txt'), server.file('a.txt'));
    await eventually(() => server.get('a.txt', {'If-None-Match': etag}), ({text}) => text === 'two');
  });
});

describe('ranges', () => {
  for (const name of ['small.bin', 'big.bin']) {
    test(`one part of ${name}`, async (t) => {
      const content = name === 'big.bin' ? big : big.subarray(0, 1000);
      const server = await site(t, {[name]: content});
      const size = content.length;
      for (const [range, first, last] of [
        ['0-0', 0, 0],
        ['0-', 0, size - 1],
        ['10-19', 10, 19],
        ['-7', size - 7, size - 1],
        [`500-${size * 2}`, 500, size - 1],
        [`${size - 1}-`, size - 1, size - 1],
      ]) {
        const {head, body} = await bytes(server, name, `Range: bytes=${range}\r\n`);
        assert.match(head, /^HTTP\/1.1 206 /, range);
        assert.match(head, new RegExp(`\r\nContent-Range: bytes ${first}-${last}/${size}\r\n`));
        assert.match(head, new RegExp(`\r\nContent-Length: ${last - first + 1}\r\n`));
        assert.ok(body.equals(content.subarray(first, last + 1)), range);
      }
      const beyond = await server.get(name, {Range: `bytes=${size}-`});
      assert.equal(beyond.status, 416);
      assert.equal(beyond.headers['content-range'], `bytes */${size}`);
      for (const range of ['bytes=0-1,3-4', 'lines=1-2', 'bytes=5-4', 'bytes=']) {
        const {head, body} = await bytes(server, name, `Range: ${range}\r\n`);
        assert.match(head, /^HTTP\/1.1 200 /, range);
        assert.ok(body.equals(content));
      }
      const head = await server.get(name, {Range: 'bytes=0-1'}, 'HEAD');
      assert.equal(head.status, 200);
      assert.equal(head.headers['content-length'], String(size));
    });
  }

  test('If-Range: a part of this very file, else the whole', async (t) => {
    const server = await site(t, {'a.txt': '0123456789'});
    const {etag, 'last-modified': date} = (await server.get('a.txt')).headers;
    const part = (tag) => server.get('a.txt', {Range: 'bytes=2-3', 'If-Range': tag});
    assert.equal((await part(etag)).text, '23');
    assert.equal((await part(date)).text, '23');
    assert.equal((await part(`W/${etag}`)).text, '0123456789');
    assert.equal((await part('"other"')).text, '0123456789');
    assert.equal((await part('Sat, 03 Feb 2001 04:05:07 GMT')).text, '0123456789');
  });

  test('requests in one go, with parts among them, are answered in order', async (t) => {
    const server = await site(t, {'a.txt': '0123456789', 'big.bin': big});
    const ask = (name, more = '') => `GET /static/${name} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n${more}\r\n`;
    const raw = await exchange(
      server,
      ask('big.bin', 'Range: bytes=1000-2000000\r\n') + ask('a.txt', 'If-None-Match: *\r\n') + ask('a.txt', 'Range: bytes=-1\r\n') +
        ask('big.bin', 'Connection: close\r\n'),
      {within: 20_000},
    );
    assert.deepEqual(
      [...raw.text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1]),
      ['206', '304', '206', '200'],
    );
    assert.ok(raw.received.subarray(-BIG).equals(big));
  });
});

describe('codings', () => {
  const text = 'export const one = 1;\n'.repeat(100);
  const files = {
    'app.js': text,
    'app.js.gz': zlib.gzipSync(text),
    'app.js.br': zlib.brotliCompressSync(text),
    'plain.js': text,
  };

  test('the smallest that the client takes', async (t) => {
    const server = await site(t, files);
    for (let round = 0; round < 2; round++) {
      for (const [accept, coding, decode] of [
        ['gzip, deflate, br, zstd', 'br', zlib.brotliDecompressSync],
        ['gzip', 'gzip', zlib.gunzipSync],
        ['br;q=0.5, gzip', 'gzip', zlib.gunzipSync],
        ['br;q=0, *', 'gzip', zlib.gunzipSync],
        ['zstd', undefined, (body) => body],
        ['identity', undefined, (body) => body],
        ['', undefined, (body) => body],
      ]) {
        const {head, body} = await bytes(server, 'app.js', `Accept-Encoding: ${accept}\r\n`);
        assert.equal(/\r\nContent-Encoding: (.*)\r\n/.exec(head)?.[1], coding, accept);
        assert.match(head, /\r\nContent-Type: text\/javascript/);
        assert.match(head, /\r\nVary: Origin, Accept-Encoding\r\n/);
        assert.equal(decode(body).toString(), text);
      }
    }
    const tags = new Set();
    for (const accept of ['br', 'gzip', 'identity']) tags.add((await server.get('app.js', {'Accept-Encoding': accept})).headers.etag);
    assert.equal(tags.size, 3, 'each coding has a tag of its own');
    assert.equal((await server.get('plain.js', {'Accept-Encoding': 'br'})).headers['content-encoding'], undefined);
  });

  test('one that is older than the file is not used, and one that comes later is', async (t) => {
    const server = await site(t, files);
    const coding = async () => (await server.get('app.js', {'Accept-Encoding': 'br'})).headers['content-encoding'];
    assert.equal(await coding(), 'br');
    fs.writeFileSync(server.file('app.js'), 'export const two = 2;\n');
    await eventually(() => server.get('app.js', {'Accept-Encoding': 'br'}), (got) => got.text.includes('two'));
    fs.writeFileSync(server.file('app.js.br'), zlib.brotliCompressSync('export const two = 2;\n'));
    await eventually(() => server.get('app.js', {'Accept-Encoding': 'br'}), (got) => got.headers['content-encoding'] === 'br');
  });

  test('a coded file without its plain one is nothing', async (t) => {
    const server = await site(t, {'gone.js.gz': zlib.gzipSync('x')});
    assert.equal((await server.get('gone.js', {'Accept-Encoding': 'gzip'})).status, 404);
    assert.equal((await server.get('gone.js.gz')).status, 200);
  });
});

describe('memory', () => {
  const is = (wanted) => ({text}) => text === wanted;
  const missing = ({status}) => status === 404;

  test('whatever happens to a file, the next answers show it', async (t) => {
    const server = await site(t, {'a.txt': 'one', 'deep/er/b.txt': 'deep', 'deep/c.txt': 'c'});
    const ask = (name) => () => server.get(name);
    const all = async () => assert.deepEqual(
      [(await server.get('deep/er/b.txt')).text, (await server.get('deep/c.txt')).text], ['deep', 'c']);
    for (const name of ['a.txt', 'a.txt', 'deep/er/b.txt', 'deep/c.txt']) await server.get(name);

    fs.writeFileSync(server.file('a.txt'), 'two');
    await eventually(ask('a.txt'), is('two'));
    fs.appendFileSync(server.file('a.txt'), '!');
    await eventually(ask('a.txt'), is('two!'));
    fs.rmSync(server.file('a.txt'));
    await eventually(ask('a.txt'), missing);
    fs.writeFileSync(server.file('a.txt'), 'three');
    await eventually(ask('a.txt'), is('three'));

    await all();
    fs.renameSync(server.file('deep'), server.file('other'));
    await eventually(ask('deep/er/b.txt'), missing);
    assert.equal((await server.get('other/er/b.txt')).text, 'deep');
    fs.mkdirSync(server.file('deep/er'), {recursive: true});
    fs.writeFileSync(server.file('deep/er/b.txt'), 'again');
    await eventually(ask('deep/er/b.txt'), is('again'));
    fs.writeFileSync(server.file('deep/er/b.txt'), 'and again');
    await eventually(ask('deep/er/b.txt'), is('and again'));
    fs.rmSync(server.file('deep'), {recursive: true});
    await eventually(ask('deep/er/b.txt'), missing);
  });

  test('who changes a file and then asks for it gets what it is now', async (t) => {
    const server = await site(t, {'a.txt': '0'});
    const agent = new http.Agent({keepAlive: true, maxSockets: 1});
    t.after(() => agent.destroy());
    const get = async () => {
      const asked = http.get({agent, host: '127.0.0.1', port: server.port, path: '/static/a.txt'});
      const [response] = await once(asked, 'response');
      return (await response.setEncoding('utf8').toArray()).join('');
    };
    const wrong = [];
    for (let i = 0; i < 1000; i++) {
      await get(); // in memory
      if (i % 2) {
        fs.writeFileSync(server.file('b.txt'), String(i));
        fs.renameSync(server.file('b.txt'), server.file('a.txt'));
      } else {
        fs.writeFileSync(server.file('a.txt'), String(i));
      }
      const text = await get();
      if (text !== String(i)) wrong.push([i, text]);
    }
    assert.deepEqual(wrong, []);
  });

  test('a symlink that is turned shows its new target at once', async (t) => {
    const server = await site(t, {'v1/a.txt': 'one', 'v2/a.txt': 'two'});
    fs.symlinkSync('v1', server.file('current'));
    for (let i = 0; i < 3; i++) assert.equal((await server.get('current/a.txt')).text, 'one');
    fs.symlinkSync('v2', server.file('next'));
    fs.renameSync(server.file('next'), server.file('current'));
    assert.equal((await server.get('current/a.txt')).text, 'two');
    fs.writeFileSync(server.file('v2/a.txt'), 'three');
    assert.equal((await server.get('current/a.txt')).text, 'three');
  });

  test('a file with two names is read each time', async (t) => {
    const server = await site(t, {'a.txt': 'one'});
    const other = path.join(folder(t), 'elsewhere.txt');
    fs.linkSync(server.file('a.txt'), other);
    assert.equal((await server.get('a.txt')).text, 'one');
    fs.writeFileSync(other, 'two');
    assert.equal((await server.get('a.txt')).text, 'two');
  });

  test('more files than there is room for, all of them right', async (t) => {
    const names = Array.from({length: 300}, (_, i) => `d${i % 80}/f${i}.txt`);
    const server = await site(t, Object.fromEntries(names.map((name) => [name, `${name} `.repeat(4000)])));
    for (let round = 0; round < 2; round++) {
      for (const name of names) {
        const {text} = await server.get(name);
        assert.ok(text === `${name} `.repeat(4000), name);
      }
    }
    const status = fs.readFileSync(`/proc/${server.pid}/status`, 'utf8');
    assert.ok(Number(/VmRSS:\s+(\d+)/.exec(status)[1]) < 400_000, 'the memory has a bound');
  });
});

describe('on the way', () => {
  test('one who reads slowly gets it all, and others do not wait', async (t) => {
    const server = await site(t, {'big.bin': big, 'a.txt': 'text'});
    const slow = await Raw.open(server.port);
    slow.socket.pause();
    slow.send(`GET /static/big.bin HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`);
    for (let i = 0; i < 20; i++) assert.equal((await server.get('a.txt')).text, 'text');
    slow.socket.resume();
    await slow.ended(20_000);
    assert.ok(slow.received.subarray(-BIG).equals(big));
    slow.destroy();
  });

  test('a file that shrinks while it is sent cuts the connection', async (t) => {
    const server = await site(t, {'big.bin': Buffer.alloc(64_000_000)});
    const raw = await Raw.open(server.port);
    raw.socket.pause();
    raw.send(`GET /static/big.bin HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`);
    await sleep(200);
    fs.truncateSync(server.file('big.bin'), 10);
    raw.socket.resume();
    await raw.ended(20_000);
    assert.ok(raw.received.length < 64_000_000);
    assert.equal((await server.get('big.bin')).text.length, 10);
    raw.destroy();
  });
});
