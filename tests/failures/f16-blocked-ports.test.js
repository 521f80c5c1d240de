// F16: the server has a port that browsers refuse to connect to, and every page says "unsafe port".
// Defence: the Fetch standard's bad ports are stepped over, also when the system gives one
// (port/blocked.c, port/allocate.c).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {test} from 'node:test';
import {begin, conf, folder, serve} from '../e2e/lib/berth.js';
import {rounds, setting} from './lib/machine.js';
import {holder} from './lib/process.js';

/** The first port is free in the first case, and taken in the second. */
for (const [base, next] of [[6664, 6670], [5059, 5062], [10079, 10081], [6000, 6001], [4189, 4191]]) {
  const blocked = base === 6000;
  test(`base ${base}: ${blocked ? 'stepped over' : 'it is had itself'}`, async (t) => {
    const server = await serve(t, {conf: conf(base)});
    assert.equal(server.port, blocked ? next : base);
  });
  test(`base ${base}, taken: ${next} is next, and why is said`, async (t) => {
    await holder(t, '127.0.0.1', base);
    const server = await serve(t, {conf: conf(base)});
    assert.equal(server.port, next);
    assert.match(server.stderr, /browsers refuse to connect/);
  });
}

test('neighbours are said in one line', async (t) => {
  const server = await serve(t, {conf: conf(6665)});
  assert.match(server.stderr, /Ports 6665 to 6669 passed over: browsers refuse to connect/);
});

test('a whole range of them, and no fallback: exit 3', async (t) => {
  const run = begin(t, {conf: conf(6665, 'PORT_TRIES: 5', 'FALLBACK: fail')});
  await run.ended({code: 3});
  assert.match(run.stderr, /browsers refuse/);
});

test('a sticky port that browsers have come to refuse is not taken again', async (t) => {
  const dir = folder(t);
  const first = await serve(t, {conf: conf(6660, 'STICKY: true'), dir});
  await first.stop();
  fs.writeFileSync(`${dir}/state/berth/e2e/port`, '6666');
  const second = await serve(t, {conf: conf(6660, 'STICKY: true'), dir});
  assert.equal(second.port, 6660);
});

test('the system gives a blocked port: another is asked for', async (t) => {
  // Half of what the kernel gives out of this range is blocked: of so many starts, some meet it.
  setting(t, 'ipv4/ip_local_port_range', '6665 6680');
  const runs = [];
  for (let i = 0; i < rounds(60, 12); i++) {
    const server = await serve(t, {conf: conf(0), dir: folder(t)});
    runs.push(server.port);
    await server.stop();
  }
  for (const port of runs) assert.ok(port >= 6670 && port !== 6679, `${port} is blocked; all: ${runs}`);
});
