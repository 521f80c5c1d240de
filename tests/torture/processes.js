// Programs that the driver starts: each dies with it, whatever kills it, and speaks in lines.
import {spawn} from 'node:child_process';

const LOG_MAX = 64 * 1024;
const SANITIZER = /AddressSanitizer|LeakSanitizer|runtime error:/;

/** Milliseconds of the clock that all processes of this machine share. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/**
 * Starts a program; `onLine` hears each line of its output.
 *
 * @returns the process, with `log` (the last of what it said to stderr) and `exited`
 */
export function start(command, args, {cwd, env, onLine, stdin = 'ignore'}) {
  // The signal at its parent's death outlives exec, so that it works for programs of any kind.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {cwd, env, stdio: [stdin, 'pipe', 'pipe']});
  child.log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (child.log = (child.log + text).slice(-LOG_MAX)));
  child.stdin?.on('error', () => {}); // it is gone, and `exited` says so
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    lines.forEach(onLine);
  });
  child.exited = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({code, signal}));
  });
  return child;
}

/** What a sanitizer has found in it, if anything. */
export function complaint(child) {
  return SANITIZER.test(child.log) ? child.log : undefined;
}
