// The library as others get it: installed, found by pkg-config and by CMake, and nothing else in it.
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {before, describe, test} from 'node:test';
import {once} from 'node:events';
import {ROOT, folder, program} from './lib/berth.js';
import {freeRange} from './lib/ports.js';
import {ask, connect} from './lib/socket.js';

const EXAMPLE = path.join(ROOT, 'examples/native-server');
const run = (command, args, options = {}) => execFileSync(command, args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], ...options});

let prefix, base;
before(async () => {
  base = await freeRange();
  prefix = fs.mkdtempSync('/tmp/berth-library-');
  run('cmake', ['--install', path.join(ROOT, 'build'), '--prefix', prefix]);
  process.on('exit', () => fs.rmSync(prefix, {recursive: true, force: true}));
});

/** Runs the example until the test ends; its port. */
async function start(t, executable, env = {}) {
  const dir = folder(t);
  const state = {XDG_RUNTIME_DIR: dir, XDG_STATE_HOME: dir, BERTH_PORT: String(base)};
  fs.chmodSync(dir, 0o700);
  const child = spawn(executable, [], {
    cwd: dir,
    env: {...process.env, LD_LIBRARY_PATH: path.join(prefix, 'lib'), ...state, ...env},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let heard = '';
  child.stderr.on('data', (data) => (heard += data));
  for (const deadline = Date.now() + 10_000; !/http:\/\/127\.0\.0\.1:\d+/.test(heard) && child.exitCode === null; ) {
    assert.ok(Date.now() < deadline, heard);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return {child, dir, state, heard: () => heard, port: Number(/127\.0\.0\.1:(\d+)/.exec(heard)?.[1])};
}

function build(t, how) {
  const dir = folder(t);
  if (how === 'pkg-config') {
    const env = {...process.env, PKG_CONFIG_PATH: path.join(prefix, 'lib/pkgconfig')};
    const flags = run('pkg-config', ['--cflags', '--libs', 'berth'], {env}).trim().split(/\s+/);
    run('cc', ['-std=c17', '-Wall', '-Wextra', '-Wpedantic', '-Werror', path.join(EXAMPLE, 'main.c'), ...flags, '-o', path.join(dir, 'parrot')]);
    return path.join(dir, 'parrot');
  }
  run('cmake', ['-S', EXAMPLE, '-B', dir, `-DCMAKE_PREFIX_PATH=${prefix}`]);
  run('cmake', ['--build', dir]);
  return path.join(dir, 'parrot');
}

describe('the example, built against what was installed', () => {
  for (const how of ['pkg-config', 'CMake']) {
    test(`through ${how}: it serves, is found, and ends`, async (t) => {
      const {child, state, port} = await start(t, build(t, how));
      assert.equal(port, base);
      const socket = await connect(t, `ws://127.0.0.1:${port}/client-ws`);
      assert.equal(String(await ask(socket, 'hello')), 'hello');
      const found = run(program(), ['find', '--app', 'parrot', '--print', 'port'], {env: {...process.env, ...state}});
      assert.equal(found.trim(), String(base));
      child.kill('SIGTERM');
      const [code] = await once(child, 'exit');
      assert.equal(code, 0);
    });
  }

  test('what is wrong is an error, and ends it', async (t) => {
    const {child, heard} = await start(t, build(t, 'pkg-config'), {BERTH_HOST: 'not a host'});
    if (child.exitCode === null) await once(child, 'exit');
    assert.equal(child.exitCode, 1);
    assert.match(heard(), /parrot: an argument or a setting is not valid/);
  });
});

describe('the library', () => {
  test('gives away the functions of its headers and nothing else', () => {
    const given = run('nm', ['-D', '--defined-only', path.join(prefix, 'lib/libberth.so')])
      .split('\n')
      .map((line) => /^\S+ T (\w+)/.exec(line)?.[1])
      .filter(Boolean);
    const headers = fs.readdirSync(path.join(prefix, 'include/berth')).map((name) => fs.readFileSync(path.join(prefix, 'include/berth', name), 'utf8'));
    const declared = headers.join('\n').match(/^[a-z].*?\bberth_\w+(?=\()/gm).map((line) => /berth_\w+$/.exec(line)[0]);
    assert.deepEqual(given.sort(), [...new Set(declared)].sort());
  });

  test('has a soname, and each of its headers stands by itself', (t) => {
    assert.match(run('readelf', ['-d', path.join(prefix, 'lib/libberth.so')]), /SONAME.*\[libberth\.so\.0\]/);
    const dir = folder(t);
    for (const name of fs.readdirSync(path.join(prefix, 'include/berth'))) {
      fs.writeFileSync(path.join(dir, 'one.c'), `#include <berth/${name}>\nint one(void);\nint one(void) { return 1; }\n`);
      run('cc', ['-std=c17', '-Wall', '-Wextra', '-Wpedantic', '-Werror', `-I${prefix}/include`, '-c', path.join(dir, 'one.c'), '-o', path.join(dir, 'one.o')]);
    }
  });
});
