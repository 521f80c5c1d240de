// The figures as tables: for the terminal and for docs/performance.md.
import { BUSY, machineText } from './machine.js';
import { FAN_RECEIVERS, PAGES, SPINS } from './servers.js';

/** Three digits that count, and no more. */
export function digits(number) {
  if (number === 0) return '0';
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(number))));
  return places > 0 ? number.toFixed(Math.min(places, 2)) : grouped(Math.round(number));
}

/** 1234567 as 1,234,567. */
const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ',');

const bytes = (number) => (number < 16 * 1024 ? `${grouped(Math.max(0, Math.round(number)))} B` : `${digits(number / 1024)} KiB`);

const NONE = '–';

function cpuCell(figures) {
  if (figures === undefined) return NONE;
  const ratio = figures.ratio === undefined ? '' : ` (×${digits(figures.ratio)})`;
  return `${digits(figures.cpu_us)}${ratio}`;
}

const rateCell = (figures) =>
  figures === undefined ? NONE : grouped(Math.round(Number(figures.per_second.toPrecision(3))));
const timeCell = (figures) =>
  figures === undefined ? NONE : `${digits(figures.p50_us)} / ${digits(figures.p99_us)}`;
const busyCell = (figures) =>
  figures === undefined ? NONE : `${Math.round(figures.load_busy * 100)} %`;

function caseTable(title, data, summary, cell) {
  return {
    title,
    head: ['', ...data.cases],
    rows: summary
      .filter((server) => server.web !== 'only' && (server.parts?.includes('echo') ?? true))
      .map((server) => [server.name, ...data.cases.map((name) => cell(server.cases[name]))]),
  };
}

/** A rate with its ratio to the one that it is held to. */
function rateAgainst(figures, rate) {
  if (figures === undefined) return NONE;
  const ratio = figures.rate_ratio === undefined ? '' : ` (×${digits(figures.rate_ratio)})`;
  return `${rate(figures)}${ratio}`;
}

function waveTable(data, summary) {
  const has = (server, name) => server.waves?.[name] !== undefined;
  const cases = data.cases.filter((name) => summary.some((server) => has(server, name)));
  const having = summary.filter((server) => cases.some((name) => has(server, name)));
  if (having.length === 0) return [];
  return [
    {
      title: 'The same in waves: server processor time per message, µs (× the floor)',
      head: ['', ...cases],
      rows: having.map(({ name, waves }) => [name, ...cases.map((one) => cpuCell(waves[one]))]),
    },
  ];
}

function spinTable(summary) {
  const having = summary.filter((server) => SPINS.some(({ name }) => server.spins?.[name] !== undefined));
  if (having.length === 0) return [];
  const cell = (figures) => (figures === undefined ? NONE : `${rateAgainst(figures, rateCell)}, ${timeCell(figures)}`);
  return [
    {
      title:
        'One connection, one message of 20 B at a time: messages per second (× the floor), round trip, µs, median / 99th percentile',
      head: ['', ...SPINS.map(({ name }) => name)],
      rows: having.map(({ name, spins }) => [name, ...SPINS.map((spin) => cell(spins[spin.name]))]),
    },
  ];
}

function shakeTable(summary) {
  const having = summary.filter((server) => server.shake !== undefined);
  if (having.length === 0) return [];
  return [
    {
      title: 'Connections and upgrades (× the floor)',
      head: ['', 'per second', 'processor time, µs'],
      rows: having.map(({ name, shake }) => [name, rateAgainst(shake, rateCell), cpuCell(shake)]),
    },
  ];
}

function fanTable(summary) {
  const having = summary.filter((server) => FAN_RECEIVERS.some((count) => server.fans?.[count] !== undefined));
  if (having.length === 0) return [];
  const cell = (figures) => (figures === undefined ? NONE : `${cpuCell(figures)}, ${rateCell(figures)}/s`);
  return [
    {
      title: 'A hub, 100 B to all: processor time per delivery, µs (× a bare loop of send), deliveries per second',
      head: ['', ...FAN_RECEIVERS.map((count) => `1 → ${grouped(count)}`)],
      rows: having.map(({ name, fans }) => [name, ...FAN_RECEIVERS.map((count) => cell(fans[count]))]),
    },
  ];
}

function pageTables(summary) {
  const having = summary.filter((server) => PAGES.some(({ name }) => server.pages?.[name] !== undefined));
  if (having.length === 0) return [];
  const table = (title, cell) => ({
    title,
    head: ['', ...PAGES.map(({ name, connections }) => `${name}, ${connections} connections`)],
    rows: having.map(({ name, pages }) => [name, ...PAGES.map((page) => cell(pages[page.name]))]),
  });
  const mib = (figures) => `${grouped(Math.round(figures.mib_per_second))}`;
  return [
    table('Server processor time per request, µs (× nginx)', cpuCell),
    table('MiB per second (× nginx)', (figures) => rateAgainst(figures, mib)),
  ];
}

function memoryTable(summary) {
  const having = summary.filter((server) => server.memory !== undefined);
  if (having.length === 0) return [];
  const connections = grouped(having[0].memory.connections);
  return [
    {
      title: `Memory per idle connection, at ${connections} connections`,
      head: ['', 'opened', 'after one message'],
      rows: having.map(({ name, memory }) => [name, bytes(memory.opened), bytes(memory.used)]),
    },
  ];
}

function startTable(summary) {
  const having = summary.filter((server) => server.start !== undefined);
  if (having.length === 0) return [];
  return [
    {
      title: `From exec to the first 200 on /health, ms, ${having[0].start.runs} starts`,
      head: ['', 'median', 'slowest'],
      rows: having.map(({ name, start }) => [name, digits(start.median_ms), digits(start.max_ms)]),
    },
  ];
}

/** @returns {{title: string, head: string[], rows: string[][]}[]} */
export function tables(data, summary) {
  const echo = [
    caseTable('Server processor time per message, µs (× the floor)', data, summary, cpuCell),
    caseTable('Messages per second', data, summary, rateCell),
    caseTable('Round trip, µs, median / 99th percentile', data, summary, timeCell),
    caseTable('How busy the load generator was', data, summary, busyCell),
  ];
  return [...(data.echo.length > 0 ? echo : []), ...waveTable(data, summary), ...spinTable(summary), ...shakeTable(summary), ...fanTable(summary), ...pageTables(summary), ...memoryTable(summary), ...startTable(summary)];
}

function textTable({ title, head, rows }) {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)));
  const line = (row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('   ');
  return [title, ...[head, ...rows].map((row) => `  ${line(row).trimEnd()}`)].join('\n');
}

function markdownTable({ title, head, rows }) {
  const line = (row) => `| ${row.join(' | ')} |`;
  const rule = `|${head.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|`;
  return [`**${title}**`, '', line(head), rule, ...rows.map(line)].join('\n');
}

const conditions = (data) =>
  `${data.rounds} round${data.rounds === 1 ? '' : 's'} of ${data.seconds} s a case, ${data.text ? 'text' : 'binary'} messages, ` +
  `${data.pinned ? 'server and load on a core each' : 'nothing pinned to a core'}, ` +
  `${data.date}${data.load_before > BUSY ? `, while other programs ran (load ${data.load_before}): noisy` : ''}`;

const missingLines = (data) => [
  ...data.missing.map(({ name, lacks }) => `${name} was not measured: ${lacks}`),
  ...Object.entries(data.failed).map(([what, why]) => `${what} failed: ${why}`),
];

export function terminalText(data, summary) {
  return [
    `${machineText(data.machine)}\n${conditions(data)}`,
    summary.map(({ name, version }) => `  ${name}: ${version}`).join('\n'),
    ...tables(data, summary).map(textTable),
    ...missingLines(data),
  ].join('\n\n');
}

export function markdownText(data, summary) {
  const versions = summary.map(({ name, version }) => `\`${name}\`: ${version}`).join(' · ');
  const absent = [
    ...data.missing.map(({ name }) => `\`${name}\` was not there and was not measured.`),
    ...Object.keys(data.failed).map((what) => `\`${what}\` failed and has no figure.`),
  ].join(' ');
  return [
    `Machine: ${machineText(data.machine)}. ${conditions(data)}.`,
    `${versions}.`,
    ...(absent === '' ? [] : [absent]),
    ...tables(data, summary).map(markdownTable),
  ].join('\n\n');
}
