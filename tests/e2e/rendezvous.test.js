// How a running server is found by those who may: its record, its lock, its one instance.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import {once} from 'node:events';
import {before, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Worker} from 'node:worker_threads';
import {atEnd} from './lib/atend.js';
import {begin, berth, conf, folder, ordinary, program, ROOT, Run, serve, write} from './lib/berth.js';
import {freeRange, tarpit, yesSayer} from './lib/ports.js';
import {faults} from './lib/schema.js';
import {openRaw, request} from './lib/wire.js';

const SCHEMA = JSON.parse(fs.readFileSync(path.join(ROOT, 'docs/endpoint.schema.json'), 'utf8'));
const ORDER = ['starting', 'ready', 'draining'];
const FENCE_MS = 3000;

let base;
before(async () => (base = await freeRange()));

const start = (t, options, ...lines) => serve(t, {conf: conf(base, ...lines), ...options});

const recordsOf = (dir) => path.join(dir, 'run/berth/e2e');

/** The names of the records that are there. */
function recordNames(dir) {
  if (!fs.existsSync(recordsOf(dir))) return [];
  return fs.readdirSync(recordsOf(dir)).filter((name) => name.endsWith('.json'));
}

const recordFile = (server) => path.join(recordsOf(server.dir), `${server.record.instance}.json`);
const readRecord = (server) => JSON.parse(fs.readFileSync(recordFile(server), 'utf8'));

/** Ends it in the one way that it cannot hear of. */
async function kill(server) {
  server.checked = true; // there is no exit to judge
  server.process.kill('SIGKILL');
  await server.exited;
}

async function until(condition, what, within = 10_000) {
  for (const deadline = Date.now() + within; Date.now() < deadline; await sleep(5)) {
    const result = await condition();
    if (result) return result;
  }
  return assert.fail(`no ${what} within ${within} ms`);
}

describe('what is published', () => {
  test('record, ready line and health obey the schema', async (t) => {
    const server = await start(t);
    const record = readRecord(server);
    assert.deepEqual(faults(SCHEMA, record, 'record'), []);
    assert.deepEqual(faults(SCHEMA, record), [], 'one form, and one only');
    assert.deepEqual(faults(SCHEMA, server.record, 'ready_line'), []);
    assert.deepEqual(faults(SCHEMA, server.record), []);
    const challenge = crypto.randomBytes(32).toString('base64url');
    for (const target of ['/health', `/health?challenge=${challenge}`]) {
      const health = JSON.parse((await request(server, target)).text);
      assert.deepEqual(faults(SCHEMA, health, 'health'), [], target);
      assert.deepEqual(faults(SCHEMA, health), []);
      assert.equal('proof' in health, target !== '/health');
      assert.equal(health.public_key, record.public_key);
    }
  });

  test('the schema tells a wrong document from a right one', async (t) => {
    const server = await start(t);
    const record = readRecord(server);
    const wrong = [
      {...record, port: 0},
      {...record, port: '1018'},
      {...record, app: 'An App'},
      {...record, state: 'dead'},
      {...record, token: 'short'},
      {...record, schema: 2},
      {...record, event: 'ready'},
      {...record, urls: {...record.urls, http: 'http://localhost:1018'}},
      {...record, urls: {http: record.urls.http, ws: record.urls.ws}},
      {...record, public_key: undefined, pid: 1.5},
      null,
      [],
      'record',
    ];
    for (const document of wrong) assert.notDeepEqual(faults(SCHEMA, document, 'record'), [], JSON.stringify(document));
    for (const name of SCHEMA.$defs.record.required) {
      const {[name]: gone, ...rest} = record;
      assert.deepEqual(faults(SCHEMA, rest, 'record'), [`record has no ${name}`], String(gone));
    }
    const health = JSON.parse((await request(server, '/health')).text);
    assert.deepEqual(faults(SCHEMA, {...health, pid: 1}, 'health'), ['health.pid has no place there']);
    assert.notDeepEqual(faults(SCHEMA, {...server.record, token: record.token}, 'ready_line'), []);
  });

  test('the ready line is the record, but for its secret', async (t) => {
    const server = await start(t);
    const {token, ...record} = readRecord(server);
    assert.deepEqual(server.record, {event: 'ready', ...record});
    assert.match(token, /^[A-Za-z0-9_-]{43}$/);
    assert.ok(!server.stdout.includes(token));
    assert.ok(!server.stderr.includes(token));
    assert.ok(!(await request(server, '/berth/status.json')).text.includes(token));
  });

  test('every run has its own secret, and all runs of an app one key', async (t) => {
    const dir = folder(t);
    const [one, two] = [await start(t, {dir}), await start(t, {dir})];
    assert.notEqual(readRecord(one).token, readRecord(two).token);
    assert.equal(one.record.public_key, two.record.public_key);
  });

  test('the record is for its owner alone', async (t) => {
    const server = await start(t);
    const mode = (file) => (fs.statSync(file).mode & 0o7777).toString(8);
    assert.equal(mode(recordFile(server)), '600');
    assert.equal(mode(recordsOf(server.dir)), '700');
    assert.equal(mode(path.join(server.dir, 'run/berth')), '700');
    assert.equal(mode(path.join(server.dir, 'state/berth/e2e/identity.key')), '600');
  });

  test('a server without a route, on other addresses, obeys the schema too', async (t) => {
    const server = await start(t, {conf: `HOST: "::"\n${conf(base, 'ROUTES: {}')}`});
    assert.deepEqual(faults(SCHEMA, readRecord(server), 'record'), []);
    assert.equal(server.record.urls.ws, null);
    assert.equal((await fetch(server.record.urls.health)).status, 200);
  });
});

describe('from state to state', () => {
  /** Watches the records of a folder until its answer is asked for. */
  async function watch(t, dir) {
    const worker = new Worker(new URL('./lib/states.js', import.meta.url), {workerData: recordsOf(dir)});
    atEnd(t, () => worker.terminate());
    await once(worker, 'message');
    return async () => {
      worker.postMessage('enough');
      const [answer] = await once(worker, 'message');
      return answer;
    };
  }

  /** One life: ready, then ending slowly, since a peer does not answer the close. */
  async function life(t, dir) {
    const server = await start(t, {dir});
    const peer = await openRaw(server);
    server.process.kill('SIGTERM');
    const portFile = path.join(dir, 'server_port.txt');
    await until(() => !fs.existsSync(portFile), 'port file that goes before the record');
    assert.equal(readRecord(server).state, 'draining');
    await sleep(20);
    peer.destroy();
    await server.ended();
    assert.deepEqual(recordNames(dir), [], 'an end takes its record away');
    return server.record.instance;
  }

  test('readers see starting, ready, draining, in this order and whole', async (t) => {
    const dir = folder(t);
    fs.mkdirSync(recordsOf(dir), {recursive: true, mode: 0o700});
    let sawStarting = false;
    for (let round = 0; round < 20 && !sawStarting; round++) {
      const answer = await watch(t, dir);
      const instance = await life(t, dir);
      const {states, broken, reads} = await answer();
      assert.deepEqual(broken, []);
      assert.ok(reads > 0);
      const seen = states[instance];
      assert.deepEqual(seen, ORDER.filter((state) => seen.includes(state)), 'never back');
      assert.deepEqual(seen.slice(-2), ['ready', 'draining']);
      sawStarting = seen.includes('starting');
    }
    assert.ok(sawStarting, 'starting is published before ready');
  });

  test('a record says ready only when the server answers', async (t) => {
    const dir = folder(t);
    const run = begin(t, {dir, conf: conf(base)});
    const name = await until(() => recordNames(dir)[0], 'record');
    const record = await until(() => {
      const text = fs.readFileSync(path.join(recordsOf(dir), name), 'utf8');
      return JSON.parse(text).state === 'ready' && JSON.parse(text);
    }, 'ready record');
    const answer = await fetch(record.urls.health);
    assert.equal(answer.status, 200);
    assert.equal((await answer.json()).instance, record.instance);
    await run.ready();
    await run.stop();
  });

  test('after a kill -9 the record stays, is dead, and goes with the next start', async (t) => {
    const dir = folder(t);
    const first = await start(t, {dir});
    await kill(first);
    assert.deepEqual(recordNames(dir), [`${first.record.instance}.json`]);
    assert.deepEqual(JSON.parse((await berth(t, ['list', '--json'], {dir})).stdout), []);
    const second = await start(t, {dir});
    assert.deepEqual(recordNames(dir), [`${second.record.instance}.json`]);
  });

  test('a start sweeps no living record', async (t) => {
    const dir = folder(t);
    const servers = [await start(t, {dir}), await start(t, {dir}), await start(t, {dir})];
    assert.deepEqual(recordNames(dir).sort(), servers.map((server) => `${server.record.instance}.json`).sort());
  });

  test('a record that somebody removed is put back, and that is said once', async (t) => {
    const server = await start(t);
    for (let round = 0; round < 2; round++) {
      fs.rmSync(recordFile(server));
      await until(() => fs.existsSync(recordFile(server)), 'record', 2 * FENCE_MS);
    }
    fs.rmSync(path.join(server.dir, 'run/berth'), {recursive: true});
    await until(() => fs.existsSync(recordFile(server)), 'record', 2 * FENCE_MS);
    assert.equal(readRecord(server).state, 'ready');
    assert.equal(server.log.filter((line) => line.includes('removed or damaged the endpoint record')).length, 1);
  });

  test('an old copy in its place gives way, and so does damage', async (t) => {
    const server = await start(t);
    const whole = fs.readFileSync(recordFile(server), 'utf8');
    const other = path.join(server.dir, 'other');
    fs.writeFileSync(other, whole.replace('"ready"', '"starting"'), {mode: 0o600});
    fs.renameSync(other, recordFile(server));
    await until(() => fs.readFileSync(recordFile(server), 'utf8') === whole, 'record', 2 * FENCE_MS);
    fs.truncateSync(recordFile(server));
    await until(() => fs.readFileSync(recordFile(server), 'utf8') === whole, 'record', 2 * FENCE_MS);
    fs.writeFileSync(recordFile(server), 'x'.repeat(whole.length));
    await until(() => fs.readFileSync(recordFile(server), 'utf8') === whole, 'record', 2 * FENCE_MS);
  });
});

describe('folders that cannot be used', () => {
  test('no place for the record: a warning, and serving goes on', async (t) => {
    const dir = folder(t, {user: ordinary});
    fs.writeFileSync(path.join(dir, 'run/berth'), 'in the way');
    const server = await start(t, {dir, user: ordinary});
    assert.match(server.stderr, /warning: The endpoint record could not be written/);
    assert.equal((await request(server, '/health')).status, 200);
  });

  test('no place for the identity: a warning, no key, no proof', async (t) => {
    const dir = folder(t, {user: ordinary});
    fs.chmodSync(path.join(dir, 'state'), 0o500);
    const server = await start(t, {dir, user: ordinary});
    assert.match(server.stderr, /warning: There is no identity in the state folder/);
    assert.equal(readRecord(server).public_key, null);
    const challenge = crypto.randomBytes(16).toString('base64url');
    const health = JSON.parse((await request(server, `/health?challenge=${challenge}`)).text);
    assert.deepEqual(faults(SCHEMA, health, 'health'), []);
    assert.equal(health.proof, undefined);
  });

  test('no place for the lock: with one instance only that is the end', async (t) => {
    const dir = folder(t, {user: ordinary});
    fs.chmodSync(path.join(dir, 'state'), 0o500);
    for (const mode of ['single', 'attach']) {
      const run = begin(t, {dir, user: ordinary, conf: conf(base, `INSTANCE: ${mode}`)});
      await run.ended({code: 1});
      assert.match(run.stderr, /error: The state folder .* could not be locked .*STATE_DIR/);
    }
  });

  test('a service manager that is gone is a warning', async (t) => {
    const server = await start(t, {env: {NOTIFY_SOCKET: '/nowhere/notify'}});
    assert.match(server.stderr, /warning: The service manager could not be told .*\/nowhere\/notify/);
  });
});

describe('one instance', () => {
  test('a second start of a single app names the first, and ends with 4', async (t) => {
    const first = await start(t, {}, 'INSTANCE: single');
    const second = begin(t, {dir: first.dir, conf: conf(base, 'INSTANCE: single')});
    await second.ended({code: 4});
    const since = first.record.started_at.replace(/\.\d+Z$/, 'Z');
    assert.ok(second.stderr.includes(`${first.record.urls.http} (pid ${first.pid}, since ${since})`), second.stderr);
    assert.equal(second.stdout, '');
    assert.deepEqual(recordNames(first.dir), [`${first.record.instance}.json`]);
    assert.equal(first.portFile, String(first.port));
  });

  test('the flag and the variable say the same', async (t) => {
    const dir = folder(t);
    await start(t, {dir, args: ['--instance', 'single']});
    await begin(t, {dir, conf: conf(base), args: ['--instance=single']}).ended({code: 4});
    await begin(t, {dir, conf: conf(base), env: {BERTH_INSTANCE: 'single'}}).ended({code: 4});
  });

  test('of twenty starts at once one serves, and nineteen say which', async (t) => {
    const dir = folder(t);
    // All by flags: each start writes its conf.yaml, and another may read it half-written.
    const args = ['--app', 'e2e', '--port', String(base), '--instance', 'single'];
    const runs = Array.from({length: 20}, () => begin(t, {dir, args}));
    const server = await until(() => runs.find((run) => run.stdout.includes('"ready"')), 'server', 20_000);
    await server.ready();
    const rest = runs.filter((run) => run !== server);
    await Promise.all(rest.map((run) => run.ended({code: 4, within: 30_000})));
    for (const run of rest) {
      assert.ok(run.stderr.includes(`${server.record.urls.http} (pid ${server.pid}, since `), run.stderr);
      assert.equal(run.stdout, '');
    }
    assert.deepEqual(recordNames(dir), [`${server.record.instance}.json`]);
    assert.equal(server.portFile, String(server.port));
    await server.stop();
  });

  test('attach prints the ready line of the first, and ends with 0', async (t) => {
    const first = await start(t, {}, 'INSTANCE: attach');
    const second = begin(t, {
      dir: first.dir,
      conf: conf(base, 'INSTANCE: attach'),
      args: ['--ready-fd', '3'],
      stdio: ['pipe'],
    });
    const parts = [];
    second.process.stdio[3].on('data', (part) => parts.push(part.toString()));
    await second.ended();
    assert.equal(second.stdout, first.stdout);
    assert.equal(parts.join(''), '\n');
    assert.deepEqual(recordNames(first.dir), [`${first.record.instance}.json`]);
  });

  test('attach waits for one that is ending, and then serves', async (t) => {
    const first = await start(t, {}, 'INSTANCE: attach');
    const peer = await openRaw(first);
    first.process.kill('SIGTERM');
    await until(() => readRecord(first).state === 'draining', 'draining record');
    const second = begin(t, {dir: first.dir, conf: conf(base, 'INSTANCE: attach')});
    await sleep(300);
    assert.equal(second.stdout, '');
    peer.destroy();
    await first.ended();
    await second.ready();
    assert.notEqual(second.record.instance, first.record.instance);
    assert.equal(second.port, first.port);
    await second.stop();
  });

  test('a single app that was killed does not keep the next one out', async (t) => {
    const first = await start(t, {}, 'INSTANCE: single');
    await kill(first);
    const second = await start(t, {dir: first.dir}, 'INSTANCE: single');
    assert.notEqual(second.record.instance, first.record.instance);
  });

  test('two state folders are two apps', async (t) => {
    const dir = folder(t);
    const first = await start(t, {dir}, 'INSTANCE: single', 'STATE_DIR: one');
    const second = await start(t, {dir}, 'INSTANCE: single', 'STATE_DIR: two');
    const third = begin(t, {dir, conf: conf(base, 'INSTANCE: single', 'STATE_DIR: ./one')});
    await third.ended({code: 4});
    assert.ok(third.stderr.includes(`pid ${first.pid},`), `not ${second.pid}: ${third.stderr}`);
  });

  test('a lock whose record cannot be seen is said within seconds', async (t) => {
    const first = await start(t, {}, 'INSTANCE: single');
    const elsewhere = path.join(first.dir, 'elsewhere');
    fs.mkdirSync(elsewhere, {mode: 0o700});
    const env = {XDG_RUNTIME_DIR: elsewhere};
    const second = begin(t, {dir: first.dir, conf: conf(base, 'INSTANCE: single'), env});
    await second.ended({code: 4, within: 8000});
    assert.match(second.stderr, /e2e is running already: it holds the lock .*state\/berth\/e2e\/lock/);
  });

  test('a state folder that was removed ends the server that holds it', async (t) => {
    const first = await start(t, {}, 'INSTANCE: single');
    fs.renameSync(path.join(first.dir, 'state/berth'), path.join(first.dir, 'state/old'));
    const second = await start(t, {dir: first.dir}, 'INSTANCE: single');
    await first.ended({code: 1, within: 3 * FENCE_MS});
    assert.match(first.stderr, /Another instance of e2e has taken over: the lock .* was removed or replaced/);
    assert.equal(second.portFile, String(second.port), 'the port file is the second one\'s by then');
    assert.deepEqual(recordNames(first.dir), [`${second.record.instance}.json`]);
  });

  test('many need no lock, and are not fenced off by its loss', async (t) => {
    const server = await start(t);
    fs.rmSync(path.join(server.dir, 'state/berth'), {recursive: true});
    await sleep(FENCE_MS + 1000);
    assert.equal((await request(server, '/health')).status, 200);
  });
});

describe('list', () => {
  test('every living instance of every app, for people and for machines', async (t) => {
    const dir = folder(t);
    const first = await start(t, {dir});
    const second = await start(t, {dir, args: ['--app', 'another']});
    const dead = await start(t, {dir});
    await kill(dead);
    const listed = JSON.parse((await berth(t, ['list', '--json'], {dir})).stdout);
    const expected = [first, second].map(({record: {event, ...record}}) => (assert.equal(event, 'ready'), record));
    const byPid = (a, b) => a.pid - b.pid;
    assert.deepEqual(listed.sort(byPid), expected.sort(byPid));
    const lines = (await berth(t, ['list'], {dir})).stdout.trimEnd().split('\n');
    assert.match(lines[0], /^APP +PID +PORT +STATE +SINCE +URL$/);
    assert.equal(lines.length, 3);
    for (const {record} of [first, second]) {
      const line = lines.find((text) => text.endsWith(record.urls.http));
      assert.match(line, new RegExp(`^${record.app} +${record.pid} +${record.port} +ready +${record.started_at.slice(0, 19)}Z `));
    }
  });

  test('nothing is no failure', async (t) => {
    const dir = folder(t);
    assert.equal((await berth(t, ['list', '--json'], {dir})).stdout, '[]\n');
    const run = await berth(t, ['list'], {dir});
    assert.equal(run.stdout, '');
    assert.match(run.stderr, /Nothing is running/);
  });
});

describe('find', () => {
  /** `berth find` in the server's folder, where its conf.yaml lies. */
  const find = (t, dir, args = [], options = {}) => berth(t, ['find', ...args], {dir, ...options});

  test('prints what is asked for, and nothing else', async (t) => {
    const server = await start(t);
    const {urls, port, pid, instance, public_key} = server.record;
    const printed = async (...args) => {
      const run = await find(t, server.dir, args);
      assert.equal(run.stderr, '');
      return run.stdout;
    };
    assert.equal(await printed(), `${urls.http}\n`);
    assert.equal(await printed('--print', 'url'), `${urls.http}\n`);
    assert.equal(await printed('--print', 'ws'), `${urls.ws}\n`);
    assert.equal(await printed('--print=port'), `${port}\n`);
    assert.equal(await printed('--app', 'e2e', '--least', 'proved'), `${urls.http}\n`);
    assert.equal(await printed('--url', urls.http), `${urls.http}\n`);
    const json = await printed('--print', 'json');
    assert.equal(await printed('--json'), json);
    const {version, ...rest} = JSON.parse(json);
    assert.equal(version, server.record.version);
    assert.deepEqual(rest, {app: 'e2e', instance, pid, port, urls, verdict: 'proved', source: 'record', public_key});
    assert.ok(!json.includes(readRecord(server).token));
  });

  test('nobody: exit 5, and what was asked', async (t) => {
    const dir = folder(t);
    write(dir, {'conf.yaml': conf(base)});
    await yesSayer(t, base + 1);
    const run = await find(t, dir, [], {code: 5});
    assert.equal(run.stdout, '');
    assert.match(run.stderr, /error: No server of e2e was found: start one with berth serve/);
    assert.match(run.stderr, new RegExp(`the range +stranger +http://127\\.0\\.0\\.1:${base + 1} `));
    assert.match(run.stderr, /25 of the usual addresses: nobody listens there/);
  });

  test('the right one among strangers, a tarpit and a copy of its health', async (t) => {
    const dir = folder(t);
    await tarpit(t, base);
    await yesSayer(t, base + 1);
    const server = await start(t, {dir});
    const body = (await request(server, '/health')).text;
    await yesSayer(t, base + 3, {body, type: 'application/json'});
    fs.writeFileSync(path.join(dir, 'server_port.txt'), String(base + 3));
    const run = await find(t, dir, ['--print', 'json', '--least', 'proved', '--events']);
    assert.equal(JSON.parse(run.stdout).port, server.port);
    const proved = run.log.map((line) => JSON.parse(line)).filter(({event}) => event === 'proved');
    assert.deepEqual(proved.map(({url, verdict}) => [url, verdict]), [[server.record.urls.http, 'proved']]);
  });

  test('--events tells what happens, line by line', async (t) => {
    const server = await start(t);
    const run = await find(t, server.dir, ['--events']);
    assert.match(run.stderr, new RegExp(`^ +\\d+ ms +candidate +a record +${server.record.urls.http} is asked$`, 'm'));
    assert.match(run.stderr, new RegExp(`^ +\\d+ ms +proved +a record +${server.record.urls.http} has proved that it is our server$`, 'm'));
  });

  test('--wait finds one that comes later, as soon as it comes', async (t) => {
    const dir = folder(t);
    write(dir, {'conf.yaml': conf(base)});
    const waiting = find(t, dir, ['--wait', '20']);
    await sleep(300);
    const server = await start(t, {dir});
    const run = await waiting;
    const after = performance.now() - server.startedAt - server.readyMs;
    assert.equal(run.stdout, `${server.record.urls.http}\n`);
    assert.ok(after < 2000, `${after} ms after it was ready`);
  });

  test('--wait ends in time when nobody comes', async (t) => {
    const dir = folder(t);
    write(dir, {'conf.yaml': conf(base)});
    const since = performance.now();
    await find(t, dir, ['--wait', '0.5'], {code: 5});
    const took = performance.now() - since;
    assert.ok(took >= 450 && took < 5000, `${took} ms`);
  });

  test('an instance that is ending is not found', async (t) => {
    const server = await start(t);
    const peer = await openRaw(server);
    server.process.kill('SIGTERM');
    await until(() => readRecord(server).state === 'draining', 'draining record');
    await find(t, server.dir, [], {code: 5});
    peer.destroy();
    await server.ended();
  });

  test('which app: the one of the folder, of the file named, or of --app', async (t) => {
    const server = await start(t);
    const nowhere = folder(t);
    const env = {XDG_RUNTIME_DIR: path.join(server.dir, 'run'), XDG_STATE_HOME: path.join(server.dir, 'state')};
    const elsewhere = (args, options) => find(t, nowhere, args, {env, ...options});
    assert.equal((await elsewhere([path.join(server.dir, 'conf.yaml')])).stdout, `${server.record.urls.http}\n`);
    assert.equal((await elsewhere(['--app', 'e2e'])).stdout, `${server.record.urls.http}\n`);
    const run = await elsewhere([], {code: 2});
    assert.match(run.stderr, /berth: which app\? Write berth find --app NAME/);
  });

  test('what is wrong with the command line is said', async (t) => {
    const dir = folder(t);
    write(dir, {'conf.yaml': conf(base)});
    const wrong = [
      [['--print', 'host'], /--print: write url, ws, port or json/],
      [['--least', 'any'], /--least: write proved, pinned or named/],
      [['--least', ''], /--least: write/],
      [['--wait', 'soon'], /--wait: write seconds/],
      [['--wait', '-1'], /--wait: write seconds/],
      [['--wait', '1.25'], /--wait: write seconds/],
      [['--url', 'ftp://example.org'], /--url: write one such as http:/],
      [['--url', 'http://example.org:80'], /--url: write one such as http:/],
      [['--static', 'x'], /--static is no flag of berth find/],
      [['no-such.yaml'], /no-such\.yaml/],
    ];
    for (const [args, message] of wrong) {
      const run = await find(t, dir, args, {code: 2});
      assert.match(run.stderr, message);
      assert.equal(run.stdout, '');
    }
  });

  test('on a terminal a long search shows what it does, and clears it away', async (t) => {
    const dir = folder(t);
    write(dir, {'conf.yaml': conf(base)});
    const run = new Run({dir, command: ['script'], args: ['-qec', `${program()} find --wait 1.8`, '/dev/null']});
    await run.ended({code: 5});
    assert.match(run.stdout, /Looking for e2e: 1 s of 1 s, \d+ places asked/);
    assert.match(run.stdout, /\r\x1b\[K.*No server of e2e was found/s);
  });
});
