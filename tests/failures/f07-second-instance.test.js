// F07: a second instance starts, overwrites what the first has published, and clients reach the
// wrong one.
// Defence: the state folder's lock is taken before any port (app/claim.c, port/instance.c); the
// loser exits with 4 or attaches; one whose lock or record was replaced ends itself (app/serve.c).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {atEnd} from '../e2e/lib/atend.js';
import {begin, conf, folder, Run, serve, write} from '../e2e/lib/berth.js';
import {request} from '../e2e/lib/wire.js';
import {rounds} from './lib/machine.js';
import {until} from './lib/process.js';
import {crash, listed, recordsIn} from './lib/records.js';
import {shim} from './lib/tools.js';

const PORT = 12000;
const SINGLE = conf(PORT, 'INSTANCE: single');
const ATTACH = conf(PORT, 'INSTANCE: attach');

/** Twenty starts at once, and which of them serves. */
async function twenty(t, text, dir) {
  write(dir, {'conf.yaml': text}); // once: a start that reads it while it is written reads half
  const runs = Array.from({length: 20}, () => new Run({dir, args: ['serve', 'conf.yaml', '--json']}));
  atEnd(t, () => Promise.all(runs.map((run) => (run.process.kill('SIGKILL'), run.exited))));
  const verdict = (run) => run.exit || /"event":"ready".*\n/.test(run.stdout);
  await Promise.all(runs.map((run) => run.until(verdict, 'a verdict', 60_000)));
  await until(() => runs.filter((run) => !run.exit).length <= 1, 'end of the losers');
  const [first, ...others] = runs.filter((run) => !run.exit);
  assert.ok(first && others.length === 0, 'exactly one serves');
  await first.ready();
  return {first, losers: runs.filter((run) => run !== first)};
}

for (let round = 0; round < rounds(20, 2); round++) {
  test(`twenty at once, single: one record, 19 clear answers, round ${round}`, async (t) => {
    const dir = folder(t);
    const {first, losers} = await twenty(t, SINGLE, dir);
    for (const loser of losers) {
      await loser.ended({code: 4});
      assert.equal(loser.stdout, '');
      assert.match(loser.stderr, new RegExp(`http://127\\.0\\.0\\.1:${first.port} \\(pid ${first.pid}, since 20`));
    }
    assert.deepEqual(recordsIn(dir).map((one) => one.instance), [first.record.instance]);
    assert.equal(first.portFile, String(first.port));
    await first.stop();
  });

  test(`twenty at once, attach: one serves, 19 print its ready line, round ${round}`, async (t) => {
    const dir = folder(t);
    const {first, losers} = await twenty(t, ATTACH, dir);
    for (const loser of losers) {
      await loser.ended();
      assert.equal(JSON.parse(loser.stdout).instance, first.record.instance);
    }
    assert.deepEqual((await listed(t, dir)).map((one) => one.instance), [first.record.instance]);
    await first.stop();
  });
}

test('the loser has touched no port', async (t) => {
  const dir = folder(t);
  const log = path.join(dir, 'calls');
  await serve(t, {conf: SINGLE, dir});
  await begin(t, {conf: SINGLE, dir, env: shim({LOG: log})}).ended({code: 4});
  const calls = fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : '';
  assert.doesNotMatch(calls, /^(bind|listen|rename|renameat|linkat) /m);
});

/** What happens to one whose place is taken: it ends by itself, and says why. */
async function endsItself(server, why) {
  await until(() => server.exit, 'end of the replaced one');
  await server.ended({code: 1});
  assert.match(server.stderr, /Another instance of e2e has taken over/);
  assert.match(server.stderr, why);
}

test('one whose state folder was taken from it ends itself; the next one serves', async (t) => {
  const dir = folder(t);
  const old = await serve(t, {conf: SINGLE, dir});
  fs.renameSync(path.join(dir, 'state/berth/e2e'), path.join(dir, 'state/berth/e2e-before'));
  const server = await serve(t, {conf: SINGLE, dir});
  await endsItself(old, /the lock that it held in its state folder was removed or replaced/);
  const health = JSON.parse((await request(server, '/health')).text);
  assert.equal(health.instance, server.record.instance);
  assert.equal(server.portFile, String(server.port));
  assert.deepEqual((await listed(t, dir)).map((one) => one.instance), [server.record.instance]);
});

test('one whose record was replaced by a living one ends itself', async (t) => {
  const dir = folder(t);
  const old = await serve(t, {conf: conf(PORT), dir});
  const other = await serve(t, {conf: conf(PORT), dir});
  const fileOf = (server) => recordsIn(dir).find((one) => one.pid === server.pid).file;
  const place = fileOf(old);
  fs.linkSync(fileOf(other), `${place}.new`);
  fs.renameSync(`${place}.new`, place);
  await endsItself(old, /its endpoint record was replaced/);
});

test('one whose record was removed puts it back', async (t) => {
  const dir = folder(t);
  const server = await serve(t, {conf: SINGLE, dir});
  fs.rmSync(recordsIn(dir)[0].file);
  await until(() => recordsIn(dir).length === 1, 'record again');
  assert.deepEqual((await listed(t, dir)).map((one) => one.instance), [server.record.instance]);
});

test('after a crash of the first, the next start serves at once', async (t) => {
  const dir = folder(t);
  await crash(await serve(t, {conf: SINGLE, dir}));
  const server = await serve(t, {conf: SINGLE, dir});
  assert.equal(server.port, PORT);
});
