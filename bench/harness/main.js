// bench/run: measure, show, write down.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUSY, describeMachine, filesMax, loadAverage, processors } from './machine.js';
import { measure } from './measure.js';
import { HELP, readOptions, UsageError } from './options.js';
import { plot } from './plot.js';
import { cleanUpAtExit } from './processes.js';
import { buildFolder, findServers } from './servers.js';
import { summarise } from './summary.js';
import { markdownText, terminalText } from './tables.js';

const docs = resolve(dirname(fileURLToPath(import.meta.url)), '../../docs');
const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';

/** What it is doing: one line that is rewritten on a terminal, one each elsewhere. */
const progress = {
  show(line) {
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
  },
  done() {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  },
  warn(line) {
    this.done();
    process.stderr.write(`bench: ${line}\n`);
  },
};

/** One core for the server, another for the load; no pinning where there is only one. */
function chooseCpus() {
  const [server, load] = processors();
  return load === undefined ? {} : { server, load };
}

/** Every connection is a file on both sides; both need a few more. */
function limitIdle(options) {
  const most = filesMax() - 200;
  if (options.idle <= most) return options;
  progress.warn(`this system allows ${most} idle connections, not ${options.idle} (ulimit -Hn)`);
  return { ...options, idle: most };
}

async function collect(given) {
  const { servers, missing } = findServers(given.only);
  if (!servers.some((server) => server.raw))
    throw new Error(`nothing is built in ${buildFolder}; run ./dev bench`);
  for (const { name, lacks } of missing) progress.warn(`${name} is missing: ${lacks}`);
  const busy = loadAverage();
  if (busy > BUSY) progress.warn(`this machine is busy (load ${busy}): the figures will be noisy`);
  const options = limitIdle(given);
  const cpus = chooseCpus();
  const measured = await measure(servers, options, cpus, progress);
  progress.done();
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    load_before: busy,
    pinned: cpus.server !== undefined,
    rounds: options.rounds,
    seconds: options.seconds,
    text: options.text,
    cases: options.cases.map((one) => one.name),
    servers: servers.map(({ name, version, raw, web, parts }) => ({ name, version, web, parts, floor: raw === true })),
    missing: missing.map(({ name, lacks }) => ({ name, lacks })),
    ...measured,
  };
}

/** Puts the tables between the marks of docs/performance.md, and the plot beside it. */
function writeDown(data, summary) {
  const path = join(docs, 'performance.md');
  const page = readFileSync(path, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${path} has no "${BEGIN}" and "${END}" any more`);
  const head = page.slice(0, begin + BEGIN.length);
  writeFileSync(path, `${head}\n\n${markdownText(data, summary)}\n\n${page.slice(end)}`);
  writeFileSync(join(docs, 'performance.svg'), plot(data, summary));
}

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return process.stdout.write(HELP);
  cleanUpAtExit();
  const data = options.from
    ? JSON.parse(readFileSync(options.from, 'utf8'))
    : await collect(options);
  const summary = summarise(data);
  process.stdout.write(`${terminalText(data, summary)}\n`);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(data, null, 1)}\n`);
  if (options.write) writeDown(data, summary);
  if (Object.keys(data.failed).length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  progress.done();
  process.stderr.write(`bench/run: ${error.message}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}
