// F21: two backends work on one database, each on a port of its own.
// Defence: the state folder is locked before any port is tried (cli/cmd_serve.c, app/claim.c). What is locked
// is a file in it, so that every name of the folder leads to the same lock (port/instance.c); and
// the kernel lets it go with its owner.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {atEnd} from '../e2e/lib/atend.js';
import {begin, conf, folder, serve} from '../e2e/lib/berth.js';
import {rounds} from './lib/machine.js';
import {crash} from './lib/records.js';

const PORT = 12000;

/** A configuration for a start that shares nothing with others but the state folder, perhaps. */
const single = (state, port = PORT) => ({conf: conf(port, 'INSTANCE: single', `STATE_DIR: ${state}`)});

function state(t) {
  const dir = path.join(folder(t), 'data');
  fs.mkdirSync(dir, {mode: 0o700});
  return dir;
}

/** Other names for a folder. */
const ALIASES = {
  'the same name': (t, dir) => dir,
  'a name with dots': (t, dir) => `${dir}/../data/.`,
  'a symlink': (t, dir) => {
    fs.symlinkSync(dir, `${dir}-link`);
    return `${dir}-link`;
  },
  'a symlink further up': (t, dir) => {
    const link = path.join(folder(t), 'up');
    fs.symlinkSync(path.dirname(dir), link);
    return path.join(link, 'data');
  },
  'a bind mount': (t, dir) => {
    const mount = path.join(folder(t), 'mounted');
    fs.mkdirSync(mount, {mode: 0o700});
    execFileSync('mount', ['--bind', dir, mount]);
    atEnd(t, () => execFileSync('umount', ['--lazy', mount]));
    return mount;
  },
};

for (const [what, alias] of Object.entries(ALIASES)) {
  test(`the state folder under ${what}: the second start ends with 4`, async (t) => {
    const dir = state(t);
    const first = await serve(t, single(dir));
    const second = begin(t, {...single(alias(t, dir), PORT + 100), dir: first.dir});
    await second.ended({code: 4, within: 10_000});
    assert.equal(second.stdout, '');
    assert.match(second.stderr, new RegExp(`e2e is running already: .*\\(pid ${first.pid},`));
    assert.ok(!first.exit);
  });
}

test('an owner that cannot be found, having another runtime folder, is an owner', async (t) => {
  const dir = state(t);
  await serve(t, single(dir));
  const second = begin(t, single(dir));
  await second.ended({code: 4, within: 10_000});
  assert.match(second.stderr, /e2e is running already: it holds the lock /);
});

test('another state folder is another database: both serve', async (t) => {
  const [one, other] = [await serve(t, single(state(t))), await serve(t, single(state(t)))];
  assert.notEqual(one.port, other.port);
});

test('another app in the same folder is another database: both serve', async (t) => {
  const dir = state(t);
  await serve(t, single(dir));
  const {conf: text} = single(dir);
  await serve(t, {conf: text.replace('APP: e2e', 'APP: other')});
});

test('kill -9 the owner: the next start serves, each time', async (t) => {
  const dir = state(t);
  for (let round = 0; round < rounds(200, 10); round++) {
    const server = await serve(t, single(dir));
    assert.equal(server.port, PORT, `round ${round}`);
    await crash(server);
  }
});

test('an owner that is merely stopped is alive', async (t) => {
  const dir = state(t);
  const first = await serve(t, single(dir));
  process.kill(first.pid, 'SIGSTOP');
  atEnd(t, () => first.exit || process.kill(first.pid, 'SIGCONT'));
  const second = begin(t, {...single(dir), dir: first.dir});
  await second.ended({code: 4, within: 10_000});
  assert.match(second.stderr, new RegExp(`pid ${first.pid}`));
});
