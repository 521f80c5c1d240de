// Children: started through berth_load's launcher, ended by us whatever happens.
//
// Each server is the leader of a process group of its own, so that what it starts ends with it.
// The launcher asks the kernel to kill the server when this process ends, even by SIGKILL.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_LIMIT_MS = 10_000;
const STOP_LIMIT_MS = 5_000;

const servers = new Set();
const loads = new Set();
const folders = new Set();

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It is gone already, which is what was wanted.
  }
}

function cleanUp() {
  for (const child of loads) child.kill('SIGTERM');
  for (const child of servers) signalGroup(child, 'SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** Nothing that was started here outlives this process. */
export function cleanUpAtExit() {
  process.on('exit', cleanUp);
  for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]])
    process.on(signal, () => process.exit(128 + number));
}

/** A folder that goes when this process does. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'berth-bench-'));
  folders.add(folder);
  return folder;
}

function canListen(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * A port that nobody has, below the range that the system gives to clients: there a connection to
 * a server that does not listen yet could meet itself.
 * Errors: none found.
 */
export async function freePort() {
  for (let tries = 0; tries < 100; tries++) {
    const port = 15000 + Math.floor(Math.random() * 15000);
    if (await canListen(port)) return port;
  }
  throw new Error('no free port was found from 15000 to 29999');
}

function canConnect(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => socket.destroy() && resolve(true));
    socket.once('error', () => resolve(false));
  });
}

/** The last words of a server, for the message that it failed. */
function keepLastWords(child) {
  let words = '';
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text) => {
    words = (words + text).slice(-4096);
  });
  return () => words.trim().split('\n').slice(-3).join(' | ');
}

/**
 * Starts a server and waits until it accepts connections.
 * @param {string} loader berth_load
 * @param {{argv: string[], env?: object, cwd?: string}} command
 * @returns {Promise<{pid: number, stop: () => Promise<void>, lastWords: () => string}>}
 * Errors: it ended, or did not listen within ten seconds.
 */
export async function startServer(loader, command, port, cpu) {
  const pin = cpu === undefined ? [] : ['--cpu', String(cpu)];
  const child = spawn(loader, ['launch', ...pin, '--', ...command.argv], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...command.env },
    cwd: command.cwd,
  });
  if (child.pid === undefined) throw new Error(`${loader} cannot be run`);
  servers.add(child);
  const lastWords = keepLastWords(child);
  const ended = new Promise((resolve) => child.once('exit', () => resolve(true)));
  const stop = () => stopServer(child, ended);
  const deadline = Date.now() + READY_LIMIT_MS;
  while (!(await canConnect(port))) {
    const gone = await Promise.race([ended, sleep(20, false)]);
    if (!gone && Date.now() < deadline) continue;
    await stop();
    throw new Error(gone ? `it ended: ${lastWords()}` : `it did not listen on port ${port} in 10 s`);
  }
  return { pid: child.pid, stop, lastWords };
}

/** Politely first; what does not go, or leaves something behind, is killed. */
async function stopServer(child, ended) {
  signalGroup(child, 'SIGTERM');
  await Promise.race([ended, sleep(STOP_LIMIT_MS)]);
  signalGroup(child, 'SIGKILL');
  await ended;
  servers.delete(child);
}

/**
 * Runs berth_load and gives what it measured.
 * Errors: what it says was wrong.
 */
export function runLoad(loader, args, limitSeconds, command = {}) {
  return new Promise((resolve, reject) => {
    const options = {
      timeout: limitSeconds * 1000,
      maxBuffer: 16 * 1024 * 1024, // what twenty servers may say on stderr
      env: { ...process.env, ...command.env },
      cwd: command.cwd,
    };
    const child = execFile(loader, args.map(String), options, (error, stdout, stderr) => {
      loads.delete(child);
      let result;
      try {
        result = JSON.parse(stdout);
      } catch {
        const why = error?.killed ? `no result within ${limitSeconds} s` : stderr.trim();
        return reject(new Error(why || 'the load generator gave no result'));
      }
      return result.errors === 0 ? resolve(result) : reject(new Error(result.fault));
    });
    loads.add(child);
  });
}
