// The program under test: started in a folder of its own, watched, and stopped with questions asked.
//
//     const server = await serve(t, {conf: 'SERVER_PORT: 12000\n'});
//     ... server.port, server.record, server.url('/health'), server.stderr ...
//     await server.stop();                       (or leave it to the end of the test)
//
// Every server is stopped at the latest when its test ends. A stop fails the test when the exit
// code is not the expected one, or when a sanitizer has reported anything.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {setTimeout as sleep} from 'node:timers/promises';
import {atEnd} from './atend.js';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const IS_ROOT = process.getuid() === 0;

const READY_MS = 20_000;
const EXIT_MS = 20_000;
const NOBODY = 65534;
const SANITIZER = /AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:|UndefinedBehaviorSanitizer/;

/** The program to test; `BERTH` names it, and it has no default that could be the wrong one. */
export function program() {
  assert.ok(process.env.BERTH, 'BERTH must name the berth program: BERTH=build/test/berth');
  return path.resolve(process.env.BERTH);
}

/** A fresh folder that everyone may enter, removed when the test ends. */
export function folder(t, {user} = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'berth-e2e-'));
  fs.chmodSync(dir, 0o755);
  for (const name of ['home', 'run', 'state']) fs.mkdirSync(path.join(dir, name), {mode: 0o700});
  give(dir, user);
  for (const name of ['home', 'run', 'state']) give(path.join(dir, name), user);
  atEnd(t, () => fs.rmSync(dir, {recursive: true, force: true}));
  return dir;
}

/** Writes files, given as {name: content}; folders on the way are made. */
export function write(dir, files, {user} = {}) {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(dir, name);
    fs.mkdirSync(path.dirname(file), {recursive: true});
    fs.writeFileSync(file, content);
    give(file, user);
  }
}

/**
 * What makes a process an ordinary user's. Where the tests themselves run as an ordinary user,
 * that is nothing at all: every process is one.
 */
export const ordinary = IS_ROOT ? NOBODY : undefined;

function give(file, user) {
  if (user !== undefined) fs.chownSync(file, user, user);
}

/** A copy of the program that every user may run, wherever the tree lies. */
let shared;
function programFor(user) {
  if (user === undefined) return program();
  if (!shared) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'berth-program-'));
    fs.chmodSync(dir, 0o755);
    shared = path.join(dir, 'berth');
    fs.copyFileSync(program(), shared);
    fs.chmodSync(shared, 0o755);
    process.on('exit', () => fs.rmSync(dir, {recursive: true, force: true}));
  }
  return shared;
}

function environment(dir, extra) {
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: path.join(dir, 'home'),
    XDG_RUNTIME_DIR: path.join(dir, 'run'),
    XDG_STATE_HOME: path.join(dir, 'state'),
    ASAN_OPTIONS: 'detect_leaks=1:exitcode=99',
    UBSAN_OPTIONS: 'print_stacktrace=1',
    ...extra,
  };
}

/** One run of the program, from start to exit. */
export class Run {
  constructor({dir, args, env = {}, cwd = dir, user, input = 'ignore', stdio = [], command}) {
    this.dir = dir;
    this.stdout = '';
    this.stderr = '';
    this.startedAt = performance.now();
    const [file, ...before] = command ?? [programFor(user)];
    this.process = spawn(file, [...before, ...args], {
      cwd,
      env: environment(dir, {...env, BERTH_PROGRAM: programFor(user)}),
      stdio: [input, 'pipe', 'pipe', ...stdio],
      ...(user === undefined ? {} : {uid: user, gid: user}),
    });
    this.process.stdout.setEncoding('utf8').on('data', (text) => (this.stdout += text));
    this.process.stderr.setEncoding('utf8').on('data', (text) => (this.stderr += text));
    this.exited = new Promise((resolve, reject) => {
      this.process.on('error', reject);
      this.process.on('close', (code, signal) => resolve((this.exit = {code, signal})));
    });
    this.exited.catch(() => {});
  }

  get pid() {
    return this.process.pid;
  }

  /** The lines that were logged. */
  get log() {
    return this.stderr.split('\n').filter((line) => line !== '');
  }

  /** Waits for the exit, and asks whether it was the expected one. */
  async ended({code = 0, within = EXIT_MS} = {}) {
    const timer = sleep(within, 'late', {ref: false});
    if ((await Promise.race([this.exited, timer])) === 'late') {
      this.process.kill('SIGKILL');
      await this.exited;
      assert.fail(`it did not end within ${within} ms; its log:\n${this.stderr}`);
    }
    this.checked = true;
    assert.doesNotMatch(this.stderr, SANITIZER);
    assert.deepEqual(this.exit, {code, signal: null}, `its log:\n${this.stderr}`);
    return this;
  }

  /** Waits until the condition gives something true, or says what was logged instead. */
  async until(condition, what, within = READY_MS) {
    for (const deadline = Date.now() + within; ; await sleep(5)) {
      const result = condition(this);
      if (result) return result;
      if (this.exit) assert.fail(`it ended before ${what}: ${JSON.stringify(this.exit)}\n${this.stderr}`);
      if (Date.now() > deadline) assert.fail(`no ${what} within ${within} ms; its log:\n${this.stderr}`);
    }
  }

  async ready() {
    this.record = await this.until(readyRecord, 'ready line');
    this.readyMs = performance.now() - this.startedAt;
    this.port = this.record.port;
    return this;
  }

  url(target = '/', host = '127.0.0.1') {
    return `http://${host}:${this.port}${target}`;
  }

  ws(target = '/client-ws', host = '127.0.0.1') {
    return `ws://${host}:${this.port}${target}`;
  }

  /** What the port file says; undefined when there is none. */
  get portFile() {
    const file = path.join(this.dir, 'server_port.txt');
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : undefined;
  }

  async stop(signal = 'SIGTERM', expected = {}) {
    if (!this.exit) this.process.kill(signal);
    return this.ended(expected);
  }
}

function readyRecord(run) {
  for (const line of run.stdout.split('\n').slice(0, -1)) {
    const record = JSON.parse(line);
    if (record.event === 'ready') return record;
  }
  return undefined;
}

/**
 * Starts `berth serve` with this configuration and waits until it is ready.
 *
 * @param t the test, which stops it at its end
 * @param options conf: the text of conf.yaml; files: more files beside it; args: more arguments;
 *     env; cwd; dir: the folder to use instead of a fresh one; user: the uid to run as;
 *     stdio: what follows stderr; command: what to run in the program's place
 */
export async function serve(t, options = {}) {
  const server = begin(t, options);
  await server.ready();
  atEnd(t, () => server.checked || server.stop());
  return server;
}

/** The same without waiting, for servers that are not expected to become ready. */
export function begin(t, {conf = '', files = {}, args = [], dir, user, ...rest} = {}) {
  const home = dir ?? folder(t, {user});
  write(home, {'conf.yaml': conf, ...files}, {user});
  const run = new Run({
    dir: home,
    args: ['serve', path.join(home, 'conf.yaml'), '--json', ...args],
    user,
    ...rest,
  });
  atEnd(t, () => {
    if (!run.exit) run.process.kill('SIGKILL');
    return run.exited;
  });
  return run;
}

/** Runs a command that ends by itself. */
export async function berth(t, args, {code = 0, dir, ...rest} = {}) {
  const run = new Run({dir: dir ?? folder(t), args, ...rest});
  return run.ended({code});
}

/** A configuration for a test: its port, its own keys under BERTH:, one line each. */
export function conf(port, ...berthLines) {
  return [`SERVER_PORT: ${port}`, 'BERTH:', '  APP: e2e', ...berthLines.map((line) => `  ${line}`), ''].join('\n');
}
