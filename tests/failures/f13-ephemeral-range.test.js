// F13: the port asked for lies where the system takes ports for outgoing connections, so that any
// program may hold it by chance.
// Defence: a warning, by the system's own setting (app/config_settle.c, sys/linux/ports.c); the
// default lies outside.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import {test} from 'node:test';
import {berth, conf, folder, serve, write} from '../e2e/lib/berth.js';
import {setting} from './lib/machine.js';

const RANGE = 'ipv4/ip_local_port_range';
const WARNING = /lies where the system takes ports for outgoing connections/;

async function warned(t, text) {
  const dir = folder(t);
  write(dir, {'conf.yaml': text});
  return WARNING.test((await berth(t, ['check', 'conf.yaml'], {dir})).stderr);
}

test('the default lies outside the range that Linux comes with', async (t) => {
  const [from] = fs.readFileSync(`/proc/sys/net/${RANGE}`, 'utf8').split(/\s+/).map(Number);
  const server = await serve(t, {conf: ''});
  assert.equal(server.port, 1018);
  assert.ok(server.port + 12 < from, `the range begins at ${from}`);
  assert.doesNotMatch(server.stderr, WARNING);
});

for (const [from, to] of [[32768, 60999], [20000, 20999]]) {
  test(`with a range of ${from} to ${to}: a warning inside, none outside`, async (t) => {
    setting(t, RANGE, `${from} ${to}`);
    for (const port of [from, from + 1, to]) assert.ok(await warned(t, conf(port)), `${port} is inside`);
    for (const port of [from - 1, to + 1]) assert.ok(!(await warned(t, conf(port))), `${port} is outside`);
  });
}

test('the warning names the line, and serving goes on', async (t) => {
  setting(t, RANGE, '20000 20999');
  const server = await serve(t, {conf: conf(20500)});
  assert.equal(server.port, 20500);
  const line = server.log.find((text) => WARNING.test(text));
  assert.match(line, /conf\.yaml:1.*SERVER_PORT.*20500/);
});
