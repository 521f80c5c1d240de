// F15: two programs have one port, because a socket option lets them (SO_REUSEPORT; on Windows
// SO_REUSEADDR).
// Defence: the option table of sys/linux/listen.c: SO_REUSEADDR on POSIX only, SO_REUSEPORT never
// (listen_test.c reads the table; Windows is not built yet).
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {conf, serve} from '../e2e/lib/berth.js';
import {holder} from './lib/process.js';

const PORT = 12000;

for (const ip of ['127.0.0.1', '::1', '0.0.0.0', '::']) {
  for (const words of [['port'], ['addr', 'port']]) {
    test(`somebody shares ${ip} with whoever wants (${words}): we do not`, async (t) => {
      const other = await holder(t, ip, PORT, words);
      assert.equal(other.said[0], 'listening');
      const server = await serve(t, {conf: conf(PORT)});
      assert.equal(server.port, PORT + 1);
    });

    test(`nobody joins us on ${ip} (${words})`, async (t) => {
      const server = await serve(t, {conf: conf(PORT)});
      const other = await holder(t, ip, server.port, words);
      assert.equal(other.said[0], 'EADDRINUSE');
    });
  }
}

test('two of us never share one', async (t) => {
  const first = await serve(t, {conf: conf(PORT)});
  const second = await serve(t, {conf: conf(PORT)});
  assert.deepEqual([first.port, second.port], [PORT, PORT + 1]);
});

test('and yet the port is had again at once after a stop', async (t) => {
  const first = await serve(t, {conf: conf(PORT)});
  const client = await fetch(first.url('/health'));
  await client.text();
  await first.stop();
  assert.equal((await serve(t, {conf: conf(PORT)})).port, PORT);
});
