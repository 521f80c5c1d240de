// The bytes that both readers are given: the vectors, the fuzzer's corpus, and changes to them.
import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const TESTS = fileURLToPath(new URL('..', import.meta.url));
const ESCAPES = {r: '\r', n: '\n', t: '\t', '\\': '\\'};

const unescape = (text) =>
  text.replace(/\\(?:x([0-9a-f]{2})|(.))/gi, (all, hex, letter) => (hex ? String.fromCharCode(parseInt(hex, 16)) : ESCAPES[letter]));

/** The requests of tests/wire/http; http_reader_test.c says how they are written. */
export function vectors() {
  const inputs = [];
  const folder = path.join(TESTS, 'wire/http');
  for (const file of fs.readdirSync(folder)) {
    for (const text of fs.readFileSync(path.join(folder, file), 'utf8').split(/^vector /m).slice(1)) {
      const lines = text.split('\n');
      if (lines.includes('role responses')) continue;
      let bytes = '';
      for (const line of lines.slice(1)) {
        const [, times, rest] = /^repeat (\d+) (.*)$/.exec(line) ?? [, 1, line.startsWith('in ') ? line.slice(3) : ''];
        bytes += unescape(rest).repeat(times);
      }
      inputs.push({name: `wire/http/${file}: ${lines[0]}`, bytes: Buffer.from(bytes, 'latin1')});
    }
  }
  return inputs;
}

/** What fuzz_http.c starts from: a byte of options, of which the first bit is for responses, a seed, the bytes. */
export function corpus() {
  const folder = path.join(TESTS, 'fuzz/corpus/http');
  return fs
    .readdirSync(folder)
    .sort()
    .map((file) => ({name: `fuzz/corpus/http/${file}`, bytes: fs.readFileSync(path.join(folder, file))}))
    .filter(({bytes}) => bytes.length > 2 && !(bytes[0] & 1))
    .map(({name, bytes}) => ({name, bytes: bytes.subarray(2)}));
}

/** mulberry32: the same numbers for the same seed, everywhere. */
function randomFrom(seed) {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const PIECES = [
  '\r\n', '\n', '\r', ' ', '\t', ':', '\0', '\x7f', '\xff', ';', ',', '"', '\\', '0', '1', '5', 'f', 'F', '+', '-', '_', '/', '#', '?', '%', '@',
  'Host: b\r\n', 'Host:\r\n', 'Content-Length: 3\r\n', 'Content-Length: 0\r\n', 'Content-Length: 3, 3\r\n', 'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n', 'Transfer-Encoding: chunked, chunked\r\n', 'Transfer-Encoding: identity\r\n', 'Connection: close\r\n',
  'Connection: keep-alive\r\n', 'Connection: Upgrade\r\n', 'Upgrade: websocket\r\n', 'Expect: 100-continue\r\n', ' folded\r\n', 'X : y\r\n', ': y\r\n',
  'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'GET ', 'POST ', 'http://a/', '*', '3\r\nabc\r\n', '0\r\n\r\n', '3;x=y\r\n', 'Trailer: t\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'));

function change(bytes, others, random) {
  const at = random(bytes.length + 1);
  const before = bytes.subarray(0, at);
  const size = 1 + random(random(4) ? 3 : 30);
  switch (random(6)) {
    case 0: // another byte
      return Buffer.concat([before, Buffer.from([random(256)]), bytes.subarray(at + 1)]);
    case 1: // a piece comes in
      return Buffer.concat([before, PIECES[random(PIECES.length)], bytes.subarray(at)]);
    case 2: // some go
      return Buffer.concat([before, bytes.subarray(at + size)]);
    case 3: // some come twice
      return Buffer.concat([before, bytes.subarray(at, at + size), bytes.subarray(at)]);
    case 4: { // a piece behind a line
      const line = bytes.indexOf('\n', at);
      const cut = line < 0 ? at : line + 1;
      return Buffer.concat([bytes.subarray(0, cut), PIECES[random(PIECES.length)], bytes.subarray(cut)]);
    }
    default: { // the end of another input
      const other = others[random(others.length)].bytes;
      return Buffer.concat([before, other.subarray(random(other.length + 1))]);
    }
  }
}

/** `count` changed inputs, always the same for a seed. Small ones: large inputs say nothing more. */
export function mutations(inputs, count, seed) {
  const random = randomFrom(seed);
  const small = inputs.filter(({bytes}) => bytes.length > 0 && bytes.length < 2000);
  return Array.from({length: count}, (_, i) => {
    const from = small[random(small.length)];
    let {bytes} = from;
    for (let changes = random(3) ? 1 : 2; changes > 0; changes--) bytes = change(bytes, small, random);
    return {name: `mutation ${i} of ${from.name}`, bytes};
  });
}
