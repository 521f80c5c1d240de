// F09: one program has 127.0.0.1:p, another [::1]:p, a third 0.0.0.0:p; who answers is chance.
// Defence: 127.0.0.1 and ::1 are one unit: taken in one is taken (port/set.c, port/allocate.c).
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {conf, serve} from '../e2e/lib/berth.js';
import {request} from '../e2e/lib/wire.js';
import {setting} from './lib/machine.js';
import {holder} from './lib/process.js';

const PORT = 12000;

async function isItselfOn(server, host) {
  const health = JSON.parse((await request(server, '/health', {host})).text);
  assert.equal(health.instance, server.record.instance, `another answers on ${host}`);
}

for (const taken of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
  for (const words of [[], ['addr'], ['quiet']]) {
    test(`held on ${taken} only, ${words[0] ?? 'plainly'}: the next port is had in both families`, async (t) => {
      const other = await holder(t, taken, PORT, words);
      assert.equal(other.said[0], words[0] === 'quiet' ? 'bound' : 'listening');
      const server = await serve(t, {conf: conf(PORT)});
      assert.equal(server.port, PORT + 1);
      await isItselfOn(server, '127.0.0.1');
      await isItselfOn(server, '::1');
    });
  }
}

test('held on 127.0.0.2 only is not held: both names of this machine are ours', async (t) => {
  await holder(t, '127.0.0.2', PORT);
  const server = await serve(t, {conf: conf(PORT)});
  assert.equal(server.port, PORT);
  await isItselfOn(server, '127.0.0.1');
  await isItselfOn(server, '::1');
});

for (const [ip, words] of [['127.0.0.1', []], ['::1', []], ['0.0.0.0', ['addr']], ['::1', ['addr', 'port']]]) {
  test(`whoever comes later cannot have ${ip} beside us, with ${words.join(' and ') || 'no option'}`, async (t) => {
    const server = await serve(t, {conf: conf(PORT)});
    const later = await holder(t, ip, server.port, words);
    assert.equal(later.said[0], 'EADDRINUSE');
  });
}

test('a machine without IPv6 has 127.0.0.1 alone, and that is no failure', async (t) => {
  setting(t, 'ipv6/conf/all/disable_ipv6', 1);
  const server = await serve(t, {conf: conf(PORT)});
  assert.equal(server.port, PORT);
  await isItselfOn(server, '127.0.0.1');
});
