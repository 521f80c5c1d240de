// F01: a crash leaves its port file and its record behind, and clients go where nobody is, or a
// stranger.
// Defence: a record whose lock is free is dead (port/record_list.c, app/running.c); a start takes
// the dead ones away (port/record.c) and writes the port file anew (port/publish.c).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {conf, folder, serve} from '../e2e/lib/berth.js';
import {yesSayer} from '../e2e/lib/ports.js';
import {rounds} from './lib/machine.js';
import {crash, listed, plantRecord, recordsIn} from './lib/records.js';

const PORT = 12000;

test('crash, a stranger on the old port, restart: file and record name the living one', async (t) => {
  const dir = folder(t);
  let stranger;
  for (let round = 0; round < rounds(1000, 25); round++) {
    const server = await serve(t, {conf: conf(PORT), dir});
    assert.notEqual(server.port, stranger?.address().port, `round ${round}`);
    assert.equal(server.portFile, String(server.port));
    const running = await listed(t, dir);
    assert.deepEqual(running.map((one) => one.instance), [server.record.instance], `round ${round}`);
    assert.equal(recordsIn(dir).length, 1, 'the dead one was taken away');
    await crash(server);
    assert.deepEqual(await listed(t, dir), [], 'the dead one is not listed');
    await stranger?.release();
    stranger = await yesSayer(t, server.port);
  }
});

test('a record that was never true: a living pid, a port where somebody says yes', async (t) => {
  const dir = folder(t);
  const stranger = await yesSayer(t, PORT, {body: '{"status":"ok","app":"e2e"}', type: 'application/json'});
  const url = `http://127.0.0.1:${PORT}`;
  const file = plantRecord(dir, {
    schema: 1,
    app: 'e2e',
    instance: 'feedfacefeedfacefeedfacefeedface',
    state: 'ready',
    pid: process.pid,
    started_at: new Date().toISOString(),
    boot_id: fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    version: '9.9.9',
    host: '127.0.0.1',
    port: PORT,
    requested_port: PORT,
    urls: {http: url, ws: `ws://127.0.0.1:${PORT}/client-ws`, health: `${url}/health`},
    state_dir: path.join(dir, 'state/berth'),
    public_key: null,
    token: null,
  });
  assert.deepEqual(await listed(t, dir), [], 'nobody holds its lock');
  const server = await serve(t, {conf: conf(PORT, 'INSTANCE: single'), dir});
  assert.equal(server.port, PORT + 1);
  assert.ok(!fs.existsSync(file), 'it was taken away');
  assert.deepEqual((await listed(t, dir)).map((one) => one.instance), [server.record.instance]);
  assert.deepEqual(stranger.asked, []);
});

for (const stale of ['1', '12345', '12000\n', '', 'not a port', '9'.repeat(100_000)]) {
  test(`a port file that says ${JSON.stringify(stale.slice(0, 12))} is replaced`, async (t) => {
    const dir = folder(t);
    fs.writeFileSync(path.join(dir, 'server_port.txt'), stale);
    const server = await serve(t, {conf: conf(PORT), dir});
    assert.equal(server.portFile, String(PORT));
  });
}
