#!/usr/bin/env node
// corpus-server.js: writes tests/fuzz/corpus/server, the inputs that fuzz_server.c starts from, each
// under the name of what happens in it. Run it again when the list or the format has changed.
import fs from 'node:fs';
import path from 'node:path';

const folder = new URL('./corpus/server/', import.meta.url).pathname;

// As in fuzz_server.c.
const NETWORK = {shortReads: 1, shortWrites: 2, small: 4, slow: 8, resets: 16};
const SERVER = {token: 1, smallLimits: 2, noFiles: 4, shared: 8, own: 16, team: 32};
const END = {clientsFirst: 1, withoutDrain: 2, clientsStay: 4, atOnce: 8};
const REQUESTS = ['health', 'challenge', 'head', 'port', 'page', 'status', 'small', 'large', 'head-large', 'folder',
  'traversal', 'nothing', 'preflight', 'post', 'chunked', 'expect', 'ticket', 'old', 'close', 'evil', 'echo', 'hub-r',
  'hub', 'drop', 'pause', 'token', 'echo-deflate', 'hub-deflate', 'drop-deflate'];
const SIZES = [0, 1, 2, 125, 126, 127, 1023, 1024, 4096, 16384, 65535, 65536];
const TIMES = [0, 1, 10, 100, 1000, 2001, 5001, 10001, 20001, 25001, 60001];

const index = (list, item) => {
  const found = list.indexOf(item);
  if (found < 0) throw new Error(`there is no ${item}`);
  return found;
};
const bits = (table, names) => names.reduce((sum, name) => sum | (table[name] ?? index([], name)), 0);

const connect = (who) => [who << 4];
const ask = (who, ...names) => names.flatMap((name) => [1 | (who << 4), index(REQUESTS, name)]);
const bytes = (who, text) => [2 | (who << 4), text.length, ...Buffer.from(text, 'latin1')];
const frame = (who, head, size = 0) => [3 | (who << 4), head, index(SIZES, size)];
const repeat = (who, byte, times) => [4 | (who << 4), byte, times];
const time = (ms) => [5, index(TIMES, ms)];
const cut = (who) => [6 | (who << 4)];
const halfClose = (who) => [7 | (who << 4)];
const stopReading = (who) => [8 | (who << 4)];
const readOn = (who) => [9 | (who << 4)];
const drain = () => [10];
const stay = (who) => [11 | (who << 4)];
const times = (count, what) => Array(count).fill(what).flat();

const TEXT = 0x81, BINARY = 0x82, CLOSE = 0x88, PING = 0x89, PONG = 0x8a, BEGIN = 0x01, GO_ON = 0x00, END_OF = 0x80;
const HELLO = '\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00', HELLO_AGAIN = '\xc1\x85\0\0\0\0\xf2\x00\x11\x00\x00';

const cases = {
  'nothing-at-all': {},
  'a-request': {script: [connect(0), ask(0, 'health'), time(100)]},
  'every-request': {script: REQUESTS.slice(0, 19).flatMap((name, i) => [connect(i % 5), ask(i % 5, name), time(100), cut(i % 5), time(1)])},
  'every-request-cut-anywhere': {network: ['shortReads', 'shortWrites', 'small', 'slow'],
    script: [connect(0), ask(0, 'challenge', 'head', 'post', 'chunked', 'expect', 'small', 'head-large', 'folder', 'traversal', 'nothing'), time(1000)]},
  'requests-in-one-go': {script: [connect(0), times(40, ask(0, 'health')), time(100)]},
  'requests-and-no-reading': {network: ['small'], script: [connect(0), stopReading(0), times(60, ask(0, 'page')), time(1000), readOn(0), time(1000)]},
  'requests-and-no-reading-ever': {network: ['small'], script: [connect(0), stopReading(0), times(60, ask(0, 'page')), time(60001), time(60001)]},
  'a-large-file': {network: ['small', 'shortWrites', 'slow'], script: [connect(0), ask(0, 'large', 'health'), time(1000), time(60001)]},
  'a-large-file-cut-off': {network: ['small'], script: [connect(0), ask(0, 'large'), time(0), cut(0), time(1)]},
  'a-large-file-that-nobody-reads': {network: ['small'], script: [connect(0), ask(0, 'large', 'large'), stopReading(0), time(60001), time(60001)]},
  'a-large-file-and-a-half-close': {network: ['small', 'slow'], script: [connect(0), ask(0, 'large'), halfClose(0), time(60001)]},
  'no-files': {server: ['noFiles'], script: [connect(0), ask(0, 'small', 'folder'), time(10)]},
  'half-a-head': {script: [connect(0), bytes(0, 'GET /health HTTP/1.1\r\nHo'), time(10001), time(2001)]},
  'half-a-body': {script: [connect(0), bytes(0, 'POST /health HTTP/1.1\r\nHost: 127.0.0.1:1018\r\nContent-Length: 9\r\n\r\nab'), time(10001), time(2001)]},
  'half-a-body-and-a-half-close': {script: [connect(0), bytes(0, 'POST /health HTTP/1.1\r\nHost: 127.0.0.1:1018\r\nContent-Length: 9\r\n\r\nab'), halfClose(0), time(100)]},
  'a-head-without-end': {script: [connect(0), bytes(0, 'GET /health HTTP/1.1\r\nX: '), repeat(0, 120, 255), repeat(0, 120, 255), time(2001)]},
  'noise': {script: [connect(0), repeat(0, 255, 9), connect(1), repeat(1, 0, 9), connect(2), bytes(2, '\x16\x03\x01\x02'), time(2001)]},
  'one-who-is-idle': {script: [connect(0), time(60001), time(2001)]},
  'one-who-never-closes': {end: ['clientsStay'], script: [connect(0), stay(0), ask(0, 'close'), time(100), time(2001)]},
  'more-than-may-connect': {server: ['smallLimits'], script: [[0, 1, 2, 3, 4].flatMap((who) => [connect(who), ask(who, 'health')]), time(100), cut(0), time(1), connect(0), ask(0, 'health'), time(100)]},
  'over-every-small-limit': {server: ['smallLimits'], script: [connect(0), ask(0, 'post'), connect(1), repeat(1, 97, 20), time(2001), connect(0), ask(0, 'echo'), frame(0, BINARY, 16384), connect(1), ask(1, 'echo'), times(4, frame(1, GO_ON | 1, 1)), time(2001)]},
  'an-echo': {script: [connect(0), ask(0, 'echo'), frame(0, TEXT, 127), frame(0, BINARY, 65536), frame(0, TEXT), time(100), frame(0, CLOSE, 2), time(100)]},
  'an-echo-in-parts': {network: ['shortReads', 'small'], script: [connect(0), ask(0, 'echo'), frame(0, BEGIN, 4096), frame(0, PING, 125), frame(0, GO_ON), frame(0, GO_ON, 126), frame(0, END_OF, 1), frame(0, PONG, 1), time(1000), frame(0, CLOSE), time(100)]},
  'an-echo-that-nobody-reads': {network: ['small'], script: [connect(0), ask(0, 'echo'), stopReading(0), times(24, frame(0, BINARY, 65536)), time(1000), readOn(0), time(1000)]},
  'an-echo-that-nobody-ever-reads': {network: ['small'], script: [connect(0), ask(0, 'echo'), stopReading(0), times(24, frame(0, BINARY, 65536)), time(25001), time(20001), time(60001)]},
  'an-echo-behind-requests': {script: [connect(0), ask(0, 'health', 'small', 'echo'), frame(0, TEXT, 2), frame(0, CLOSE, 2), time(100)]},
  'an-echo-half-closed': {script: [connect(0), ask(0, 'echo'), frame(0, TEXT, 2), halfClose(0), time(100)]},
  'an-echo-cut-off': {script: [connect(0), ask(0, 'echo'), frame(0, TEXT, 65535), time(0), cut(0), time(100)]},
  'frames-that-break-the-rules': {script: [
    connect(0), ask(0, 'echo'), frame(0, 0x83, 1), connect(1), ask(1, 'echo'), frame(1, END_OF, 1), connect(2), ask(2, 'echo'), frame(2, 0xf1, 1),
    connect(3), ask(3, 'echo'), bytes(3, '\x81\x02hi'), connect(4), ask(4, 'echo'), bytes(4, '\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff'), time(100)]},
  'one-who-is-silent': {script: [connect(0), ask(0, 'echo'), time(25001), time(20001), time(100)]},
  'one-who-answers-pings': {script: [connect(0), ask(0, 'echo'), time(25001), frame(0, PONG), time(25001), frame(0, PONG), time(20001)]},
  'an-echo-compressed': {server: ['shared'], script: [connect(0), ask(0, 'echo-deflate'), frame(0, TEXT, 127), frame(0, BINARY, 65536), bytes(0, HELLO), time(100), frame(0, CLOSE, 2), time(100)]},
  'an-echo-with-a-window': {server: ['own'], script: [connect(0), ask(0, 'echo-deflate'), frame(0, TEXT, 127), bytes(0, HELLO), bytes(0, HELLO_AGAIN), frame(0, TEXT, 127), time(100), cut(0), time(10)]},
  'compressed-noise': {server: ['own'], script: [connect(0), ask(0, 'echo-deflate'), bytes(0, '\xc2\x82\0\0\0\0\xff\xff'), time(100), connect(1), ask(1, 'echo'), bytes(1, HELLO), time(100)]},
  'a-hub-with-and-without-compression': {server: ['shared'], script: [connect(0), ask(0, 'hub-deflate'), connect(1), ask(1, 'hub'), connect(2), ask(2, 'hub-deflate'), time(10), frame(1, TEXT, 4096), frame(0, BINARY, 1024), bytes(2, HELLO), time(100)]},
  'a-hub-that-drops-what-is-compressed': {network: ['small'], server: ['smallLimits', 'own'], script: [connect(0), ask(0, 'drop-deflate'), connect(1), ask(1, 'drop-deflate'), time(10), stopReading(1), times(40, frame(0, BINARY, 4096)), time(1000), readOn(1), time(1000)]},
  'a-hub-of-four': {script: [[0, 1, 2, 3].flatMap((who) => [connect(who), ask(who, 'hub')]), connect(4), ask(4, 'hub-r'), time(10), frame(0, TEXT, 125), frame(1, BINARY, 65536), frame(2, BEGIN, 2), frame(2, END_OF, 2), cut(1), frame(3, TEXT, 1), time(100), frame(0, CLOSE), time(10)]},
  'a-hub-with-a-slow-reader': {network: ['small'], server: ['smallLimits'], script: [connect(0), ask(0, 'hub'), connect(1), ask(1, 'hub'), time(10), stopReading(1), times(40, frame(0, BINARY, 4096)), time(1000), frame(0, TEXT, 1), readOn(1), time(1000)]},
  'a-hub-that-drops': {network: ['small'], server: ['smallLimits'], script: [connect(0), ask(0, 'drop'), connect(1), ask(1, 'drop'), time(10), stopReading(1), times(40, frame(0, BINARY, 4096)), time(1000), readOn(1), time(1000)]},
  'a-hub-that-waits': {network: ['small'], server: ['smallLimits'], script: [connect(0), ask(0, 'pause'), connect(1), ask(1, 'pause'), time(10), stopReading(1), times(40, frame(0, BINARY, 4096)), time(1000), readOn(1), time(1000)]},
  'a-hub-that-waits-in-vain': {network: ['small'], server: ['smallLimits'], script: [connect(0), ask(0, 'pause'), connect(1), ask(1, 'pause'), time(10), stopReading(1), times(40, frame(0, BINARY, 4096)), time(25001), time(20001), time(20001)]},
  'a-hub-whose-slow-reader-is-cut-off': {network: ['small'], server: ['smallLimits'], script: [connect(0), ask(0, 'pause'), connect(1), ask(1, 'pause'), time(10), stopReading(1), times(40, frame(0, BINARY, 4096)), time(100), cut(1), time(100)]},
  'two-hubs-in-each-others-way': {network: ['small'], server: ['smallLimits'], script: [connect(0), ask(0, 'pause'), connect(1), ask(1, 'pause'), time(10), stopReading(0), stopReading(1), times(20, [...frame(0, BINARY, 4096), ...frame(1, BINARY, 4096)]), time(25001), readOn(0), time(20001), readOn(1), time(20001)]},
  'a-token': {server: ['token'], script: [connect(0), ask(0, 'ticket'), connect(1), ask(1, 'token'), frame(1, TEXT, 2), connect(2), ask(2, 'status'), connect(3), ask(3, 'echo'), time(100)]},
  'a-drain-under-way': {end: ['clientsStay', 'atOnce'], network: ['small', 'slow'], script: [connect(0), ask(0, 'large'), connect(1), ask(1, 'echo'), connect(2), ask(2, 'hub'), connect(3), bytes(3, 'GET / HT'), connect(4), time(10), drain(), frame(1, TEXT, 2), ask(3, 'health'), time(1000)]},
  'a-drain-and-an-answer': {end: ['atOnce'], script: [connect(0), ask(0, 'echo'), time(10), drain(), frame(0, TEXT, 1), frame(0, CLOSE, 2), time(100)]},
  'a-drain-with-a-hub-that-waits': {network: ['small'], server: ['smallLimits'], end: ['clientsStay', 'atOnce'], script: [connect(0), ask(0, 'pause'), connect(1), ask(1, 'pause'), time(10), stopReading(1), times(40, frame(0, BINARY, 4096)), time(10), drain()]},
  'a-drain-with-a-hub-that-drops': {network: ['small'], server: ['smallLimits'], end: ['clientsStay', 'atOnce'], script: [connect(0), ask(0, 'drop'), connect(1), ask(1, 'drop'), time(10), stopReading(1), times(40, frame(0, BINARY, 4096)), time(10), drain()]},
  'an-end-without-a-drain': {end: ['withoutDrain', 'atOnce'], network: ['small'], script: [connect(0), ask(0, 'large'), connect(1), ask(1, 'echo'), frame(1, BEGIN, 4096), connect(2), ask(2, 'drop'), connect(3), ask(3, 'drop'), time(10), stopReading(3), times(8, frame(2, BINARY, 65536)), time(10)]},
  'everybody-leaves-at-once': {end: ['clientsFirst'], network: ['small'], script: [connect(0), ask(0, 'large'), connect(1), ask(1, 'pause'), connect(2), ask(2, 'pause'), connect(3), ask(3, 'drop'), connect(4), ask(4, 'drop'), time(10), stopReading(0), stopReading(2), stopReading(4), times(8, [...frame(1, BINARY, 65536), ...frame(3, BINARY, 65536)]), time(10)]},
  'everybody-stays-and-reads-nothing': {end: ['clientsStay'], network: ['small'], script: [connect(0), ask(0, 'large'), connect(1), ask(1, 'pause'), connect(2), ask(2, 'pause'), connect(3), ask(3, 'drop'), connect(4), ask(4, 'drop'), time(10), [0, 1, 2, 3, 4].flatMap(stopReading), times(8, [...frame(1, BINARY, 65536), ...frame(3, BINARY, 65536)]), time(10)]},
  'a-network-that-resets': {network: ['shortReads', 'shortWrites', 'slow', 'resets'], script: [0, 1, 2, 3, 4].flatMap((who) => [connect(who), ask(who, 'health', 'large', ['echo', 'hub', 'drop', 'pause', 'hub'][who]), frame(who, BINARY, 65536), time(100)])},
};

// What clients have to do with each other, or all of them with the end, with several servers that are one too.
for (const [name, it] of Object.entries(cases))
  if (/hub|everybody|drain|resets/.test(name)) cases[`${name}-in-a-team`] = {...it, server: [...(it.server ?? []), 'team']};

fs.rmSync(folder, {recursive: true, force: true});
fs.mkdirSync(folder, {recursive: true});
for (const [name, {network = [], server = [], end = [], script = []}] of Object.entries(cases)) {
  const head = [bits(NETWORK, network), bits(SERVER, server), bits(END, end), 7];
  fs.writeFileSync(path.join(folder, name), Buffer.from([...head, ...script.flat(9)]));
}
console.log(`${Object.keys(cases).length} inputs in ${folder}`);
