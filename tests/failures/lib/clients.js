// The clients that a user's programs have: the JavaScript one, and the native one as `berth connect`.
// Both look for the app "e2e" of the servers that run in `dir`.
import path from 'node:path';
import {pathToFileURL} from 'node:url';
import {ROOT, Run} from '../../e2e/lib/berth.js';
import {atEnd} from '../../e2e/lib/atend.js';

/** Where the sources are that are tested: the program's own tree, or the copy that `prove` has. */
const tree = process.env.BERTH_TREE || ROOT;
const client = await import(pathToFileURL(path.join(tree, 'clients/js/node.js')));

export const APP = 'e2e';

/** What tells the JavaScript client where this user's files are; `ports` is the range it asks. */
export function placesOf(dir, ports = []) {
  return {app: APP, ports, runtimeDir: path.join(dir, 'run/berth'), stateDir: path.join(dir, 'state/berth')};
}

/** One search: {found, error, events}; found is undefined where nobody was ours. */
export async function find(options) {
  const events = [];
  try {
    return {events, found: await client.find({...options, on: (event) => events.push(event)})};
  } catch (error) {
    return {events, error};
  }
}

/** A client that stays, ended with the test; `events` is all that it has reported. */
export function connect(t, options) {
  const events = [];
  const socket = client.connect({...options, on: (event) => (events.push(event), options.on?.(event))});
  socket.events = events;
  socket.closed = new Promise((resolve) => socket.addEventListener('close', resolve));
  socket.addEventListener('error', () => {});
  atEnd(t, () => (socket.close(), socket.closed));
  return socket;
}

/** What an event stream says of an address: ["candidate", "stranger"]. */
export function wordsOn(events, port) {
  return events.filter((event) => event.url && new URL(event.url).port === String(port)).map((event) => event.type);
}

/** `berth connect`, which tells its events on stderr; ended with the test. */
export function terminal(t, dir, args = [], options = {}) {
  const run = new Run({dir, args: ['connect', '--app', APP, '--events', ...args], input: 'pipe', ...options});
  atEnd(t, () => {
    if (!run.exit) run.process.kill('SIGKILL');
    return run.exited;
  });
  return run;
}

/** Where `berth connect` said last that it is connected: {port, verdict}. */
export function terminalAt(run) {
  const [, port, verdict] = [...run.stderr.matchAll(/^connected to e2e at \S+:(\d+) \((\w+)\)$/gm)].at(-1) ?? [];
  return port && {port: Number(port), verdict};
}
