// The rounds: every server in each, the order rotated, so that what the machine does at the same
// time hits all of them alike.
import { freePort, runLoad, startServer } from './processes.js';
import { FAN_RECEIVERS, loader, PAGES, SPINS } from './servers.js';

const rotate = (list, by) => list.map((_, i) => list[(i + by) % list.length]);

const cpuArgs = (name, cpu) => (cpu === undefined ? [] : [name, cpu]);

/** Starts the server, lets `use` measure it, stops it. Errors: those of both, with the last words. */
async function withServer(server, part, cpus, use) {
  const port = await freePort();
  const running = await startServer(loader, server.command(port, part), port, cpus.server);
  const target = ['--port', port, '--pid', running.pid, ...cpuArgs('--cpu', cpus.load)];
  try {
    return await use(server.raw ? [...target, '--raw'] : target);
  } catch (error) {
    const words = running.lastWords();
    throw words === '' ? error : new Error(`${error.message} (it said: ${words})`);
  } finally {
    await running.stop();
  }
}

/** One number a message, as the tables show it. */
function perMessage(result) {
  if (result.messages === 0) throw new Error('no message came back within the measured time');
  return { ...result, cpu_us: result.server_cpu_ns / result.messages / 1000 };
}

/** A server in a part: its results so far, or why there are none. */
class Ledger {
  constructor(progress) {
    this.progress = progress;
    this.failed = {};
  }

  /** Measures; a failure is remembered, said, and ends this server's part in what follows. */
  async attempt(server, part, measure) {
    const key = `${server.name}: ${part}`;
    if (this.failed[key] !== undefined) return undefined;
    try {
      return await measure();
    } catch (error) {
      this.failed[key] = error.message;
      this.progress.warn(`${key} failed: ${error.message}`);
      return undefined;
    }
  }
}

/**
 * Rounds of loads, each on every server; cases are {name, args, echoes}: an echo's floor sends back
 * the very bytes. All servers have one case before any has the next: what a ratio is made of lies
 * seconds apart, so that what the machine does meanwhile hits both.
 */
async function measureRounds(part, servers, cases, options, cpus, ledger) {
  const rounds = [];
  for (let round = 0; round < options.rounds; round++) {
    const results = {};
    for (const { name, args, echoes } of cases)
      for (const server of rotate(servers, round)) {
        ledger.progress.show(`${part}, round ${round + 1} of ${options.rounds}: ${server.name}, ${name}`);
        const result = await ledger.attempt(server, part, () =>
          withServer(server, part, cpus, async (target) => {
            const to = target.filter((word) => echoes || word !== '--raw');
            const times = ['--seconds', options.seconds, '--warmup', options.warmup];
            return perMessage(await runLoad(loader, [...args, ...to, ...times], options.seconds + options.warmup + 60));
          }),
        );
        if (result !== undefined) results[server.name] = { ...results[server.name], [name]: result };
      }
    rounds.push(results);
  }
  return rounds;
}

const echoCases = ({ cases, text }) =>
  cases.map(({ name, connections, inFlight, size }) => ({
    name,
    args: ['echo', '--connections', connections, '--in-flight', inFlight, '--size', size, ...(text ? ['--text'] : [])],
    echoes: true,
  }));

/** Where connections are few, a wave is what the echo is anyway. The load stays awake: whose echo wakes it would pay for that. */
const waveCases = (options) => {
  const cases = options.cases.filter(({ connections }) => connections > 4);
  return echoCases({ ...options, cases }).map((one) => ({ ...one, args: [...one.args, '--waves', '--awake'] }));
};

const spinCases = SPINS.map(({ name, args }) => ({
  name,
  args: ['echo', '--connections', 1, '--in-flight', 1, '--size', 20, ...args],
  echoes: true,
}));

const SHAKES = [{ name: 'handshakes', args: ['shake'] }];

const FANS = FAN_RECEIVERS.map((receivers) => ({
  name: `1 → ${receivers}`,
  args: ['fan', '--connections', receivers],
}));

const pageCases = PAGES.map(({ name, path, connections }) => ({
  name,
  args: ['http', '--path', path, '--connections', connections],
}));

async function measureMemory(servers, options, cpus, ledger) {
  const results = {};
  for (let round = 0; round < options.memoryRounds; round++)
    for (const server of rotate(servers, round)) {
      ledger.progress.show(`memory: ${server.name}, ${options.idle} idle connections`);
      const result = await ledger.attempt(server, 'memory', () =>
        withServer(server, 'memory', cpus, (target) =>
          runLoad(loader, ['idle', ...target, '--connections', options.idle], 120),
        ),
      );
      if (result !== undefined) (results[server.name] ??= []).push(result);
    }
  return results;
}

async function measureStart(servers, options, cpus, ledger) {
  const results = {};
  for (const server of servers.filter((one) => one.health)) {
    ledger.progress.show(`start: ${server.name}, ${options.startRuns} times`);
    const result = await ledger.attempt(server, 'start', async () => {
      const port = await freePort();
      const command = server.command(port, 'start');
      const pins = [...cpuArgs('--server-cpu', cpus.server), ...cpuArgs('--cpu', cpus.load)];
      const args = ['start', '--port', port, '--runs', options.startRuns, ...pins];
      return runLoad(loader, [...args, '--', ...command.argv], options.startRuns * 16, command);
    });
    if (result !== undefined) results[server.name] = result;
  }
  return results;
}

/** @returns everything that was measured, as --json writes it */
export async function measure(servers, options, cpus, progress) {
  const ledger = new Ledger(progress);
  const has = (part) => options.parts.includes(part);
  const takingPart = (part) => servers.filter((server) => server.parts === undefined || server.parts.includes(part));
  const sockets = (part) => takingPart(part).filter((server) => server.web !== 'only');
  const hubs = takingPart('fan').filter((server) => server.hub);
  const web = takingPart('http').filter((server) => server.web !== undefined);
  const pair = (part) => sockets(part).filter((server) => server.raw || server.name.startsWith('berth'));
  const rounds = (part, taking, cases) => measureRounds(part, taking, cases, options, cpus, ledger);
  const echo = has('echo') ? await rounds('echo', sockets('echo'), echoCases(options)) : [];
  const waves = has('waves') ? await rounds('waves', pair('waves'), waveCases(options)) : [];
  const spin = has('spin') ? await rounds('spin', pair('spin'), spinCases) : [];
  const shake = has('shake') ? await rounds('shake', sockets('shake'), SHAKES) : [];
  const fan = has('fan') ? await rounds('fan', hubs, FANS) : [];
  const http = has('http') ? await rounds('http', web, pageCases) : [];
  const memory = has('memory') ? await measureMemory(sockets('memory'), options, cpus, ledger) : {};
  const start = has('start') ? await measureStart(takingPart('start'), options, cpus, ledger) : {};
  return { echo, waves, spin, shake, fan, http, memory, start, failed: ledger.failed };
}
