// F17: a client that waits on a closed port of the ephemeral range connects to itself, takes that
// for an answer, and holds the port that its server wants.
// Defence: both ends of a connection are compared (net/stream.c; clients/js/node.js); and a client
// waits on the record, so that it need not knock at the port.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {begin, conf, folder, serve} from '../e2e/lib/berth.js';
import {find, placesOf, terminal, terminalAt, wordsOn} from './lib/clients.js';
import {rounds, setting} from './lib/machine.js';
import {until} from './lib/process.js';

/** Outgoing connections have a choice of two ports: every other one meets itself. */
function closedPort(t, port) {
  setting(t, 'ipv4/ip_local_port_range', `${port} ${port + 1}`);
  return `http://127.0.0.1:${port}`;
}

/** A client that met itself and left as usual would keep the port for a minute (TIME_WAIT). */
async function canBeServed(t, port) {
  const server = await serve(t, {conf: conf(port), args: ['--strict-port']});
  assert.equal(server.port, port);
}

test('the JavaScript client is refused each time, and never meets itself', async (t) => {
  const url = closedPort(t, 40000);
  const dir = folder(t);
  for (let i = 0; i < rounds(1000, 60); i++) {
    const {found, events} = await find({...placesOf(dir), url});
    assert.equal(found, undefined);
    assert.deepEqual(wordsOn(events, 40000), ['candidate', 'refused'], `poll ${i}`);
  }
  await canBeServed(t, 40000);
});

test('the native client is refused each time, and never meets itself', async (t) => {
  const url = closedPort(t, 40100);
  const dir = folder(t);
  for (let i = 0; i < rounds(200, 20); i++) {
    const run = terminal(t, dir, [url]);
    run.process.stdin.end();
    await run.ended({code: 5});
    assert.match(run.stderr, /nobody listens|refuse/i, `poll ${i}`);
    assert.doesNotMatch(run.stderr, /stranger|connected/i, `poll ${i}`);
  }
  await canBeServed(t, 40100);
});

test('one that waits has its server as soon as there is one, on that very port', async (t) => {
  closedPort(t, 40200);
  const dir = folder(t);
  const run = terminal(t, dir, ['--wait', '20']);
  await until(() => /refuse/i.test(run.stderr) || run.exit, 'first look');
  const server = begin(t, {conf: conf(40200), dir, args: ['--strict-port']});
  await server.ready();
  await until(() => terminalAt(run), 'connection');
  assert.deepEqual(terminalAt(run), {port: 40200, verdict: 'proved'});
  run.process.stdin.end();
  await run.ended();
  await server.stop();
});
