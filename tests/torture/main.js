// The torture test's beginning and end; `./dev torture --seconds N --seed S` comes here.
//
//     --seconds N   how long, at least one round of storm and quiet (60)
//     --seed S      of the schedule (1)
//     --plan        print the schedule, and do nothing
//     --naive       with clients that believe a port file and a name: shows that the test can fail
//     --log FILE    what was done, and when, a line each
//     --json FILE   the results, for programs
//     --keep        leave the folder behind
//
// BERTH names the program, TORTURE_CLIENT the native client. Exit status: 0 all musts hold, 1 not.
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {RANGE} from './cast.js';
import {describe, plan} from './plan.js';
import {Report} from './report.js';
import {World} from './world.js';

const PRIVATE = {low: 12_000, high: 32_000}; // where a range is looked for when 1018 is not ours alone

function arguments_() {
  const {values} = parseArgs({
    options: {
      seconds: {type: 'string', default: '60'},
      seed: {type: 'string', default: '1'},
      plan: {type: 'boolean', default: false},
      naive: {type: 'boolean', default: false},
      log: {type: 'string'},
      json: {type: 'string'},
      keep: {type: 'boolean', default: false},
    },
  });
  for (const name of ['seconds', 'seed']) {
    if (!/^\d{1,9}$/.test(values[name])) throw new TypeError(`--${name} takes a whole number, not '${values[name]}'`);
    values[name] = Number(values[name]);
  }
  return values;
}

/** 1018 to 1030 in a network of our own; else as many ports in a row that are free. */
async function rangeOfOurOwn() {
  if (process.env.TORTURE_ALONE) return RANGE;
  for (;;) {
    const first = PRIVATE.low + Math.floor(Math.random() * (PRIVATE.high - PRIVATE.low));
    const ports = Array.from({length: RANGE.count}, (_, index) => first + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return {...RANGE, first};
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = net.createServer().on('error', () => resolve(false));
    server.listen({port, host: '127.0.0.1'}, () => server.close(() => resolve(true)));
  });
}

/** How each kind of client is started: what it looks for, and where. */
function commandsOf({naive}) {
  const here = (name) => fileURLToPath(new URL(name, import.meta.url));
  const target = ({app, folder, route, range}) => [app, path.join(folder, 'server_port.txt'), route, range.first, range.count].map(String);
  const script = (name) => (one) => ({command: process.execPath, args: [here(name), ...target(one)]});
  if (naive) return {native: script('client-naive.js'), node: script('client-naive.js')};
  return {
    native: (one) => ({command: programIn('TORTURE_CLIENT'), args: target(one)}),
    node: script('client-node.js'),
  };
}

function programIn(variable) {
  const program = process.env[variable];
  if (!program) throw new TypeError(`${variable} has to name a program; ./dev torture does that`);
  return path.resolve(program);
}

async function torture(options) {
  const schedule = plan(options);
  if (options.plan) return process.stdout.write(`${describe(schedule)}\n`);
  const folder = folderUntilExit(options);
  const log = options.log ? fs.createWriteStream(options.log) : undefined;
  const report = new Report();
  const world = new World({
    program: programIn('BERTH'),
    range: await rangeOfOurOwn(),
    folder,
    commands: commandsOf(options),
    log: (line) => log?.write(`${line}\n`),
  }, report);
  await run(world, schedule);
  process.stdout.write(`${report.text()}\n`);
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify({...options, ...report.summary}, null, 2)}\n`);
  process.exitCode = report.passed ? 0 : 1;
}

/** It goes with us, also when we are interrupted; the programs that we started go by themselves. */
function folderUntilExit({keep}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'berth-torture-'));
  for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15]]) process.once(signal, () => process.exit(128 + number));
  if (!keep) process.once('exit', () => fs.rmSync(folder, {recursive: true, force: true, maxRetries: 5}));
  return folder;
}

async function run(world, {rounds, seed}) {
  world.startClients();
  for (const [index, round] of rounds.entries()) {
    await world.round(round);
    process.stdout.write(`seed ${seed}, round ${index + 1} of ${rounds.length}: ${round.steps.length} steps\n`);
  }
  await world.end();
}

try {
  await torture(arguments_());
} catch (error) {
  process.stderr.write(`torture: ${error instanceof TypeError ? error.message : error.stack}\n`);
  process.exit(2);
}
