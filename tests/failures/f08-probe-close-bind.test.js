// F08: a port is probed, closed, and somebody else has it when it is bound in earnest.
// Defence: nothing is probed; bind and listen are one step, and the sockets that succeed are the
// ones that serve (port/allocate.c, sys/linux/listen.c).
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {begin, conf, folder} from '../e2e/lib/berth.js';
import {request} from '../e2e/lib/wire.js';
import {rounds} from './lib/machine.js';
import {shim} from './lib/tools.js';

const PORT = 12000;

async function isItself(run, host) {
  const health = JSON.parse((await request(run, '/health', {host})).text);
  assert.equal(health.instance, run.record.instance, `another answers on ${host}:${run.port}`);
}

// Between bind and listen, where two can both believe that the port is theirs, each rests a while.
const late = () => shim({DELAY: 'listen 40'});

for (let round = 0; round < rounds(5, 1); round++) {
  test(`many starters at once: each has a port, and each port has one, round ${round}`, async (t) => {
    const count = rounds(64, 24);
    const runs = Array.from({length: count}, () => begin(t, {conf: conf(PORT, 'PORT_TRIES: 200'), dir: folder(t), env: late()}));
    await Promise.all(runs.map((run) => run.ready()));
    const ports = runs.map((run) => run.port).sort((a, b) => a - b);
    assert.equal(new Set(ports).size, count, `two on one port: ${ports}`);
    for (const run of runs) {
      await isItself(run, '127.0.0.1');
      await isItself(run, '::1');
    }
    await Promise.all(runs.map((run) => run.stop()));
  });
}

test('many starters at once, and ports for half of them: the others end with 3', async (t) => {
  const count = rounds(64, 16);
  const text = conf(PORT, `PORT_TRIES: ${count / 2}`, 'FALLBACK: fail');
  const runs = Array.from({length: count}, () => begin(t, {conf: text, dir: folder(t), env: late()}));
  await Promise.all(runs.map((run) => run.until((r) => r.stdout.endsWith('\n') || r.exit, 'a verdict')));
  const had = runs.filter((run) => !run.exit);
  const refused = runs.filter((run) => run.exit);
  await Promise.all(refused.map((run) => run.ended({code: 3})));
  await Promise.all(had.map((run) => run.ready()));
  assert.equal(new Set(had.map((run) => run.port)).size, had.length);
  assert.ok(had.length > 0 && had.length <= count / 2, `${had.length} have a port`);
  for (const run of had) await isItself(run, '127.0.0.1');
});
