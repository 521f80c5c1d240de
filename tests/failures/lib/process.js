// Processes: what they are doing, and those that sit on a port.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {atEnd} from '../../e2e/lib/atend.js';
import {tool} from './tools.js';

/** The fields of /proc/PID/stat after the name: state, parent, …; undefined when it is gone. */
function stat(pid) {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

/** Alive, and no zombie. */
export function isAlive(pid) {
  const fields = stat(pid);
  return fields !== undefined && fields[0] !== 'Z' && fields[0] !== 'X';
}

/** Waits until a process has stopped itself, as the shim makes it do. */
export async function stopped(run, what, within = 20_000) {
  for (const deadline = Date.now() + within; ; await sleep(2)) {
    if (stat(run.pid)?.[0] === 'T') return;
    assert.ok(!run.stdout.includes('"ready"'), `it was ready, and never came to ${what}`);
    assert.ok(!run.exit, `it ended before ${what}: ${JSON.stringify(run.exit)}\n${run.stderr}`);
    assert.ok(Date.now() < deadline, `it never came to ${what}; its log:\n${run.stderr}`);
  }
}

export function goOn(run) {
  process.kill(run.pid, 'SIGCONT');
}

/** Waits until the condition holds. */
export async function until(condition, what, within = 20_000) {
  for (const deadline = Date.now() + within; ; await sleep(5)) {
    const result = await condition();
    if (result) return result;
    assert.ok(Date.now() < deadline, `no ${what} within ${within} ms`);
  }
}

/**
 * Somebody else's process on a port (lib/holder.c): `said` are its lines, `listenNow()` makes one
 * that was started with `later` listen. `user`: the uid to run as.
 */
export async function holder(t, ip, port, words = [], {user} = {}) {
  const child = spawn(tool('holder'), [ip, String(port), ...words], {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(user === undefined ? {} : {uid: user, gid: user}),
  });
  const holding = {pid: child.pid, child, said: []};
  child.stdin.on('error', () => {});
  child.stdout.setEncoding('utf8').on('data', (text) => holding.said.push(...text.trim().split('\n')));
  holding.exited = new Promise((resolve) => child.on('close', (code, signal) => resolve({code, signal})));
  holding.release = () => {
    child.stdin.end();
    return holding.exited;
  };
  holding.listenNow = async () => {
    child.stdin.write('\n');
    await until(() => holding.said.length > 1, 'answer of the holder');
    return holding.said[1];
  };
  atEnd(t, holding.release);
  await until(() => holding.said.length > 0, 'word of the holder');
  return holding;
}
