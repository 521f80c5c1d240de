// F05: nothing is published until the backend is ready, and clients give up before that.
// Defence: the endpoint is there at once, as `starting`; being ready is another matter
// (app/serve.c, app/publication.c).
import assert from 'node:assert/strict';
import net from 'node:net';
import {once} from 'node:events';
import {test} from 'node:test';
import {begin, conf, folder} from '../e2e/lib/berth.js';
import {goOn, stopped} from './lib/process.js';
import {listed, recordsIn} from './lib/records.js';
import {shim} from './lib/tools.js';

const PORT = 12000;

/** A server that is held when it is about to say that it is ready. */
async function starting(t, dir) {
  const text = conf(PORT, 'INSTANCE: attach');
  const run = begin(t, {conf: text, dir, env: shim({STOP: 'renameat .json 1'})});
  await stopped(run, 'the record that says ready');
  return run;
}

test('a server that starts is visible, whole, and accepts connections', async (t) => {
  const dir = folder(t);
  const run = await starting(t, dir);
  const [record] = recordsIn(dir);
  assert.equal(record.state, 'starting');
  assert.equal(record.pid, run.pid);
  assert.equal(record.port, PORT);
  assert.equal(record.urls.http, `http://127.0.0.1:${PORT}`);
  assert.deepEqual((await listed(t, dir)).map((one) => [one.state, one.port]), [['starting', PORT]]);
  assert.equal(run.portFile, undefined, 'the port file has no word for starting');
  for (const host of ['127.0.0.1', '::1']) {
    const socket = net.connect({host, port: record.port});
    await once(socket, 'connect');
    socket.destroy();
  }
  goOn(run);
  await run.ready();
  assert.deepEqual(recordsIn(dir).map((one) => one.state), ['ready']);
  assert.equal(run.record.instance, record.instance);
  assert.equal(run.portFile, String(PORT));
  await run.stop();
});

test('whoever comes meanwhile waits for it, and has it as soon as it is ready', async (t) => {
  const dir = folder(t);
  const run = await starting(t, dir);
  const second = begin(t, {conf: conf(PORT, 'INSTANCE: attach'), dir});
  await second.until((r) => /Waiting for the instance that is starting/.test(r.stderr), 'word that it waits');
  assert.equal(second.stdout, '');
  goOn(run);
  await run.ready();
  await second.ended();
  assert.equal(JSON.parse(second.stdout).instance, run.record.instance);
  await run.stop();
});

test('one that dies while it starts is waited for no longer', async (t) => {
  const dir = folder(t);
  const run = await starting(t, dir);
  const second = begin(t, {conf: conf(PORT, 'INSTANCE: attach'), dir});
  await second.until((r) => /Waiting for/.test(r.stderr), 'word that it waits');
  run.process.kill('SIGKILL');
  await run.exited;
  await second.ready();
  assert.equal(second.record.pid, second.pid, 'it serves itself');
  await second.stop();
});
