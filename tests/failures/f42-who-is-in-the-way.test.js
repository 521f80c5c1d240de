// F42: "port in use", and no word about by whom.
// Defence: every port passed over is named with its holder: pid, program, user, ours or not; or
// "reserved" (port/passed.c, sys/linux/holder.c).
import assert from 'node:assert/strict';
import net from 'node:net';
import os from 'node:os';
import {once} from 'node:events';
import {test} from 'node:test';
import {begin, conf, serve} from '../e2e/lib/berth.js';
import {tarpit} from '../e2e/lib/ports.js';
import {setting} from './lib/machine.js';
import {holder} from './lib/process.js';
import {shim} from './lib/tools.js';

const PORT = 12000;
const NOBODY = 65534;
const ME = os.userInfo().username;

/** What is said about the first port, when it is passed over and when nothing else may be had. */
async function said(t, options = {}) {
  const server = await serve(t, {conf: conf(PORT), ...options});
  assert.equal(server.port, PORT + 1);
  const strict = begin(t, {conf: conf(PORT), args: ['--strict-port'], ...options});
  await strict.ended({code: 3});
  const line = (run) => run.log.find((text) => text.startsWith(`Port ${PORT}`)) ?? run.stderr;
  return [line(server), line(strict)];
}

test('a program: its pid, its name and its user', async (t) => {
  const other = await holder(t, '127.0.0.1', PORT);
  for (const line of await said(t)) assert.match(line, new RegExp(`held by holder \\(pid ${other.pid}, user ${ME}\\)`));
});

test('a script: the interpreter and what it runs', async (t) => {
  await tarpit(t, PORT);
  for (const line of await said(t)) assert.match(line, new RegExp(`held by node .*\\(pid ${process.pid}, user ${ME}\\)`));
});

test('another user’s program', async (t) => {
  const other = await holder(t, '127.0.0.1', PORT, [], {user: NOBODY});
  for (const line of await said(t)) assert.match(line, new RegExp(`held by holder \\(pid ${other.pid}, user nobody\\)`));
});

test('one that the system hides from us: at least its user', async (t) => {
  await holder(t, '127.0.0.1', PORT);
  for (const line of await said(t, {user: NOBODY})) assert.match(line, new RegExp(`held by a process of user ${ME}`));
});

test('another of ours is called ours', async (t) => {
  const first = await serve(t, {conf: conf(PORT)});
  for (const line of await said(t)) assert.match(line, new RegExp(`held by another Berth \\(pid ${first.pid}, user ${ME}\\)`));
});

test('held on ::1 alone: that is said, since 127.0.0.1 would look free', async (t) => {
  const other = await holder(t, '::1', PORT);
  for (const line of await said(t)) assert.match(line, new RegExp(`pid ${other.pid}, user ${ME}\\) on ::1`));
});

test('one that is bound and never listens', async (t) => {
  const other = await holder(t, '127.0.0.1', PORT, ['quiet']);
  assert.equal(other.said[0], 'bound');
  // Before Linux 6.8 such a socket stands in no table: that it is in use is all there is to say.
  const [major, minor] = os.release().split('.').map(Number);
  const seen = major > 6 || (major === 6 && minor >= 8);
  const wanted = seen ? new RegExp(`pid ${other.pid}`) : /in use \(the system does not say by whom\)/;
  for (const line of await said(t)) assert.match(line, wanted);
});

test('nobody: reserved by the system', async (t) => {
  for (const line of await said(t, {env: shim({DENY: `${PORT} ${PORT}`})})) {
    assert.match(line, /reserved by the system/);
    assert.doesNotMatch(line, /held by|in use/);
  }
});

test('an outgoing connection that has the port by chance is named as well', async (t) => {
  setting(t, 'ipv4/ip_local_port_range', `${PORT} ${PORT}`);
  await tarpit(t, 13000);
  const client = net.connect({port: 13000, host: '127.0.0.1'});
  t.after(() => client.destroy());
  await once(client, 'connect');
  assert.equal(client.localPort, PORT);
  for (const line of await said(t)) assert.match(line, new RegExp(`held by node .*\\(pid ${process.pid}, user ${ME}\\)`));
});
