// Configurations as people really write them: every fault has its place and its cure.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {before, describe, test} from 'node:test';
import {atEnd} from './lib/atend.js';
import {berth, conf, folder, ordinary, serve, write} from './lib/berth.js';
import {freeRange} from './lib/ports.js';
import {request} from './lib/wire.js';

let base;
before(async () => (base = await freeRange()));

/** Both commands refuse it with exit code 2, at the given place ("LINE:COLUMN" or "LINE"), in these words. */
async function refused(t, text, place, ...words) {
  const dir = folder(t);
  write(dir, {'conf.yaml': text});
  for (const command of ['check', 'serve']) {
    const run = await berth(t, [command, path.join(dir, 'conf.yaml')], {dir, code: 2});
    assert.ok(run.stderr.includes(`conf.yaml:${place}`), `${command} should name conf.yaml:${place}:\n${run.stderr}`);
    for (const word of words) assert.ok(run.stderr.includes(word), `${command} should say ${word}:\n${run.stderr}`);
    assert.equal(run.portFile, undefined);
  }
}

/** `berth check` accepts it; gives all that was said. */
async function accepted(t, text) {
  const dir = folder(t);
  write(dir, {'conf.yaml': text});
  const run = await berth(t, ['check', path.join(dir, 'conf.yaml')], {dir});
  return run.stdout + run.stderr;
}

describe('what is refused, and how', () => {
  test('YAML that is none', async (t) => {
    await refused(t, 'SERVER_PORT: 1018\nBERTH: {APP: "x\n', '', 'YAML');
    await refused(t, 'SERVER_PORT: [1, 2\nHOST: x\n', '');
    await refused(t, '\tSERVER_PORT: 1\n', '1');
    await refused(t, '- a\n- list\n', '1');
  });

  test('ports that are none', async (t) => {
    await refused(t, 'SERVER_PORT: 70000\n', '1:14', 'SERVER_PORT', '70000', '65535');
    await refused(t, '# a comment\nSERVER_PORT: -1\n', '2:14', 'SERVER_PORT');
    await refused(t, 'SERVER_PORT: eighty\n', '1:14', 'SERVER_PORT', 'eighty');
    await refused(t, 'SERVER_PORT: 10.5\n', '1:14', 'SERVER_PORT');
    await refused(t, 'SERVER_PORT: [1018]\n', '1:14', 'SERVER_PORT');
    await refused(t, 'SERVER_PORT:\n  a: 1\n', '2', 'SERVER_PORT');
  });

  test('an unknown key under BERTH, with the one that was meant', async (t) => {
    await refused(t, 'BERTH:\n  STATTIC: x\n', '2:3', 'STATTIC', 'STATIC');
    await refused(t, 'BERTH:\n  COFFEE: x\n', '2:3', 'COFFEE');
    await refused(t, 'BERTH:\n  LIMITS:\n    HEAD_SIZES: 2000\n', '3:5', 'HEAD_SIZES', 'HEAD_SIZE');
  });

  test('wrong types and values under BERTH', async (t) => {
    await refused(t, 'BERTH: on\n', '1:8', 'BERTH');
    await refused(t, 'BERTH:\n  STICKY: perhaps\n', '2:11', 'STICKY', 'perhaps');
    await refused(t, 'BERTH:\n  FALLBACK: maybe\n', '2:13', 'FALLBACK', 'ephemeral', 'fail');
    await refused(t, 'BERTH:\n  ROUTES: echo\n', '2:11', 'ROUTES');
    await refused(t, 'BERTH:\n  ROUTES:\n    /client-ws: ecko\n', '3:17', 'ecko', 'echo');
    await refused(t, 'BERTH:\n  ALLOWED_ORIGINS: {a: b}\n', '2:20', 'ALLOWED_ORIGINS');
    await refused(t, 'BERTH:\n  LIMITS:\n    HEAD_SIZE: 1\n', '3:16', 'HEAD_SIZE', '1024');
  });

  test('the same key twice', async (t) => {
    await refused(t, 'SERVER_PORT: 1018\nSERVER_PORT: 1019\n', '2:1', 'SERVER_PORT');
  });

  test('a host that is no address of this machine', async (t) => {
    const dir = folder(t);
    write(dir, {'conf.yaml': `HOST: 192.0.2.1\n${conf(base)}`});
    const run = await berth(t, ['serve', path.join(dir, 'conf.yaml')], {dir, code: 3});
    assert.match(run.stderr, /192\.0\.2\.1/);
  });

  test('a file that cannot be read, or is a folder', async (t) => {
    const dir = folder(t);
    fs.mkdirSync(path.join(dir, 'conf.yaml'));
    const run = await berth(t, ['check', path.join(dir, 'conf.yaml')], {dir, code: 2});
    assert.match(run.stderr, /conf\.yaml/);
    const locked = folder(t, {user: ordinary});
    write(locked, {'conf.yaml': conf(base)}, {user: ordinary});
    fs.chmodSync(path.join(locked, 'conf.yaml'), 0o000);
    const denied = await berth(t, ['check', path.join(locked, 'conf.yaml')], {dir: locked, code: 2, user: ordinary});
    assert.match(denied.stderr, /conf\.yaml.*may not read/);
  });

  test('a variable that is not set, and has no default', async (t) => {
    await refused(t, 'SERVER_PORT: ${NO_SUCH_VARIABLE}\n', '1:14', 'NO_SUCH_VARIABLE');
  });
});

describe('what is accepted', () => {
  test('an empty file, and one of comments, mean the defaults', async (t) => {
    await accepted(t, '');
    await accepted(t, '# nothing yet\n');
  });

  test('a hundred keys of the app\'s own are left alone', async (t) => {
    const own = Array.from({length: 100}, (_, i) => `APP_SETTING_${i}: {deep: [1, two, {three: ${i}}]}`);
    own.push('LIVE2D: true', 'VERBOSE: False', 'LLM_PROVIDER: ollama', 'TTS_MODEL: "edge"', 'ollama:\n  BASE_URL: http://localhost:11434');
    const said = await accepted(t, `${own.join('\n')}\n${conf(base)}`);
    assert.doesNotMatch(said, /APP_SETTING|LIVE2D|VERBOSE|LLM_PROVIDER|TTS_MODEL|did you mean/);
    const server = await serve(t, {conf: `${own.join('\n')}\n${conf(base)}`});
    assert.equal(server.port, base);
  });

  test('a near miss of a known key is reported, and is no error', async (t) => {
    const said = await accepted(t, 'SEVER_PORT: 1018\n');
    assert.match(said, /conf\.yaml:1:1/);
    assert.match(said, /SEVER_PORT: did you mean SERVER_PORT\?/);
  });

  test('WEBSOCKET_PORT: the same is silent, another is a warning, and SERVER_PORT counts', async (t) => {
    assert.doesNotMatch(await accepted(t, `WEBSOCKET_PORT: ${base}\n${conf(base)}`), /warning/i);
    const server = await serve(t, {conf: `WEBSOCKET_PORT: ${base + 1}\n${conf(base)}`});
    assert.equal(server.port, base);
    assert.match(server.stderr, /WEBSOCKET_PORT/);
  });

  test('variables expand, with defaults', async (t) => {
    const text = conf('${MY_PORT}', 'STATIC: ${MY_FOLDER:-static}');
    const server = await serve(t, {conf: text, env: {MY_PORT: String(base)}, files: {'static/a.txt': 'a'}});
    assert.equal(server.port, base);
    assert.equal((await request(server, '/static/a.txt')).text, 'a');
  });

  test('paths begin at the configuration, wherever it is called from', async (t) => {
    const files = {'static/a.txt': 'a'};
    const server = await serve(t, {conf: conf(base, 'STATIC: static', 'PORT_FILE: here.txt'), files, cwd: '/'});
    assert.equal((await request(server, '/static/a.txt')).text, 'a');
    assert.equal(fs.readFileSync(path.join(server.dir, 'here.txt'), 'utf8'), String(server.port));
  });
});

describe('folders that are in the way', () => {
  test('a port file folder that is read-only: a warning, and serving goes on', async (t) => {
    const dir = folder(t, {user: ordinary});
    fs.mkdirSync(path.join(dir, 'locked'));
    fs.chmodSync(path.join(dir, 'locked'), 0o555);
    atEnd(t, () => fs.chmodSync(path.join(dir, 'locked'), 0o755));
    const server = await serve(t, {dir, user: ordinary, conf: conf(base, 'PORT_FILE: locked/server_port.txt')});
    assert.match(server.stderr, /locked\/server_port\.txt/);
    assert.equal((await request(server, '/health')).status, 200);
    assert.equal((await request(server, '/server_port.txt')).text.trim(), String(server.port));
    assert.deepEqual(fs.readdirSync(path.join(dir, 'locked')), []);
  });

  test('a port file folder that does not exist is the same', async (t) => {
    const server = await serve(t, {conf: conf(base, 'PORT_FILE: nowhere/server_port.txt')});
    assert.match(server.stderr, /nowhere\/server_port\.txt/);
    assert.equal((await request(server, '/health')).status, 200);
  });

  test('a static folder that cannot be read says so, by its name', async (t) => {
    const dir = folder(t, {user: ordinary});
    fs.mkdirSync(path.join(dir, 'static'), {mode: 0o000});
    fs.chmodSync(path.join(dir, 'static'), 0o000);
    write(dir, {'conf.yaml': conf(base, 'STATIC: static')}, {user: ordinary});
    const run = await berth(t, ['check', path.join(dir, 'conf.yaml')], {dir, user: ordinary, code: 2});
    assert.match(run.stderr, /static/);
  });

  test('a state folder that cannot be written costs the memory, not the server', async (t) => {
    const dir = folder(t, {user: ordinary});
    fs.chmodSync(path.join(dir, 'state'), 0o500);
    const server = await serve(t, {dir, user: ordinary, conf: conf(base, 'STICKY: true')});
    assert.equal(server.port, base);
  });
});
