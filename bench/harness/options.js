// The command line of bench/run.
import { parseArgs } from 'node:util';

export const HELP = `usage: bench/run [options]

Echo throughput and server processor time per message, side by side: a raw epoll echo (the floor),
Berth, and the peers that are installed. Then one connection with and without SPIN_US, handshakes, a
hub, files beside web servers, memory of idle connections, and start-up.

  --rounds N       rounds, every server in each, in rotating order (5)
  --seconds S      measured per case and round (2)
  --only NAMES     these servers and the floor, e.g. berth,ws
  --cases CASES    connections x in flight x size, e.g. 64x16x20,4x4x1MiB
  --parts PARTS    of echo,waves,spin,shake,fan,http,memory,start (all)
  --text           text messages instead of binary ones
  --idle N         idle connections for the memory part (10000)
  --json FILE      write everything that was measured
  --from FILE      measure nothing, show what --json wrote
  --write          rewrite the tables of docs/performance.md, and docs/performance.svg
  --quick          one short round of everything: proves that it works, not how fast
  --help

Environment: BERTH names the program (build/bench/berth); BERTH_BENCH_BUILD the folder of
the bench build (build/bench); PEER adds servers, one a line: name=command with {port} in it.
`;

const DEFAULT_CASES =
  '64x1x20,64x16x20,1000x1x20,1000x16x20,64x1x16KiB,64x16x16KiB,1x1x1MiB,4x4x1MiB';
const PARTS = ['echo', 'waves', 'spin', 'shake', 'fan', 'http', 'memory', 'start'];
const UNITS = { '': 1, B: 1, KiB: 1024, MiB: 1024 * 1024 };

/** What the person typed is wrong: said in one line, exit code 2. */
export class UsageError extends Error {}

/** @param {number} size bytes */
export function sizeText(size) {
  if (size >= UNITS.MiB && size % UNITS.MiB === 0) return `${size / UNITS.MiB} MiB`;
  if (size >= UNITS.KiB && size % UNITS.KiB === 0) return `${size / UNITS.KiB} KiB`;
  return `${size} B`;
}

/** "64x16x16KiB" to its three numbers. Errors: UsageError. */
function readCase(text) {
  const match = /^(\d+)[x×](\d+)[x×](\d+) ?(B|KiB|MiB|)$/.exec(text.trim());
  if (match === null)
    throw new UsageError(`${text} is no case; write connections x in flight x size, e.g. 64x16x16KiB`);
  const [connections, inFlight] = [Number(match[1]), Number(match[2])];
  const size = Number(match[3]) * UNITS[match[4]];
  if (connections < 1 || connections > 16000 || inFlight < 1 || inFlight > 1024)
    throw new UsageError(`${text}: up to 16000 connections, up to 1024 messages in flight`);
  if (size > 16 * UNITS.MiB) throw new UsageError(`${text}: messages of up to 16 MiB`);
  return { connections, inFlight, size, name: `${connections}×${inFlight}×${sizeText(size)}` };
}

function readNumber(name, text, min, max) {
  const number = Number(text);
  if (text.trim() === '' || !(number >= min && number <= max))
    throw new UsageError(`--${name} ${text}: a number from ${min} to ${max} is needed`);
  return number;
}

function readParts(text) {
  const parts = text.split(',');
  const stranger = parts.find((part) => !PARTS.includes(part));
  if (stranger !== undefined)
    throw new UsageError(`--parts ${stranger}: it is one of ${PARTS.join(', ')}`);
  return parts;
}

const SPEC = {
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  only: { type: 'string' },
  cases: { type: 'string', default: DEFAULT_CASES },
  parts: { type: 'string', default: PARTS.join(',') },
  idle: { type: 'string' },
  json: { type: 'string' },
  from: { type: 'string' },
  text: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  quick: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

/** @param {string[]} args Errors: UsageError. */
export function readOptions(args) {
  let values;
  try {
    values = parseArgs({ args, options: SPEC }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
  const quick = values.quick;
  if (values.write && quick)
    throw new UsageError('--write with --quick: a quick run is not worth writing down');
  return {
    ...values,
    rounds: readNumber('rounds', values.rounds ?? (quick ? '1' : '5'), 1, 100),
    seconds: readNumber('seconds', values.seconds ?? (quick ? '0.3' : '2'), 0.01, 15),
    idle: readNumber('idle', values.idle ?? (quick ? '500' : '10000'), 1, 16000),
    warmup: quick ? 0.1 : 0.5,
    memoryRounds: quick ? 1 : 3,
    startRuns: quick ? 3 : 20,
    cases: values.cases.split(',').map(readCase),
    parts: readParts(values.parts),
    only: values.only?.split(',').map((name) => name.trim()),
  };
}
