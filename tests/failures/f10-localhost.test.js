// F10: the server is on 127.0.0.1, and `localhost` is ::1 (or the other way round, or neither).
// Defence: both families are listened on (port/set.c), and what is published is a literal, never
// the name (cli/ready.c, app/serve.c).
import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import {test} from 'node:test';
import {conf, serve} from '../e2e/lib/berth.js';
import {request} from '../e2e/lib/wire.js';
import {localhost} from './lib/machine.js';

const PORT = 12000;
const HOSTS = [undefined, 'localhost', '127.0.0.1'];

/** Every address of this server that a program or a person can read. */
async function published(server) {
  const health = JSON.parse((await request(server, '/health')).text);
  const banner = [...server.stderr.matchAll(/\b(?:http|ws):\/\/\S+/g)].map(([url]) => url);
  assert.ok(banner.length >= 3, server.stderr);
  return [...Object.values(server.record.urls), health.ws, ...banner];
}

for (const meaning of ['::1', '127.0.0.1', '192.0.2.1']) {
  for (const host of HOSTS) {
    test(`localhost is ${meaning}, HOST is ${host ?? 'unset'}: what is published is reached`, async (t) => {
      localhost(t, meaning);
      assert.equal((await dns.lookup('localhost')).address, meaning, 'the hosts file is in place');
      const text = host === undefined ? conf(PORT) : `HOST: ${host}\n${conf(PORT)}`;
      const server = await serve(t, {conf: text});
      for (const url of await published(server)) {
        assert.equal(new URL(url).hostname, '127.0.0.1', url);
        assert.equal(Number(new URL(url).port), server.port, url);
      }
    });
  }
}

for (const meaning of ['::1', '127.0.0.1']) {
  test(`whoever says localhost, and means ${meaning}, reaches us all the same`, async (t) => {
    localhost(t, meaning);
    const server = await serve(t, {conf: conf(PORT)});
    const health = await (await fetch(`http://localhost:${server.port}/health`)).json();
    assert.equal(health.instance, server.record.instance);
  });
}
