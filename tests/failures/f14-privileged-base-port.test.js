// F14: an ordinary user starts at the default, 1018, which is root's.
// Defence: the whole privileged range is one step, explained once (port/allocate.c).
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {begin, serve} from '../e2e/lib/berth.js';
import {request} from '../e2e/lib/wire.js';
import {setting} from './lib/machine.js';

const NOBODY = 65534;
const START = 'ipv4/ip_unprivileged_port_start';
const PLAIN = 'BERTH:\n  APP: e2e\n';

const passedOver = (run) => run.log.filter((line) => line.includes('passed over'));

for (const [start, port] of [[1024, 1024], [1020, 1020], [1027, 1027], [0, 1018]]) {
  test(`ordinary users have ports from ${start}: ${port} is had, on both addresses`, async (t) => {
    setting(t, START, start);
    const server = await serve(t, {conf: PLAIN, user: NOBODY});
    assert.equal(server.port, port);
    assert.equal(server.portFile, String(port));
    for (const host of ['127.0.0.1', '::1']) {
      const health = JSON.parse((await request(server, '/health', {host})).text);
      assert.equal(health.instance, server.record.instance);
    }
    assert.equal(passedOver(server).length, port === 1018 ? 0 : 1, `explained once:\n${server.stderr}`);
  });
}

test('what is said: which ports, why, and what would change it', async (t) => {
  const server = await serve(t, {conf: PLAIN, user: NOBODY});
  assert.equal(server.port, 1024);
  const [line] = passedOver(server);
  assert.match(line, /Ports 1018 to 1023 passed over: reserved by the system/);
  assert.match(line, /need root/);
  assert.match(line, /ip_unprivileged_port_start/);
  assert.match(server.stderr, /Port 1018 was asked for; 1024 is used/);
});

test('--strict-port stays: exit 3, with the reason', async (t) => {
  const run = begin(t, {conf: PLAIN, user: NOBODY, args: ['--strict-port']});
  await run.ended({code: 3});
  assert.match(run.stderr, /1018.*reserved by the system/);
  assert.equal(run.portFile, undefined);
});
