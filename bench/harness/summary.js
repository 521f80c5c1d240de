// From rounds to figures: medians, and ratios to the floor.

import { FAN_RECEIVERS, PAGES, SPINS } from './servers.js';

/** @param {number[]} numbers not empty */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const FIGURES = ['cpu_us', 'per_second', 'mib_per_second', 'p50_us', 'p99_us', 'load_busy'];

/**
 * One server in one case. The ratio is the median of each round's own: what disturbed a round
 * disturbed its floor too.
 */
function summariseCase(rounds, floor, server, name) {
  const had = rounds.filter((round) => round[server]?.[name] !== undefined);
  if (had.length === 0) return undefined;
  const figures = Object.fromEntries(
    FIGURES.map((figure) => [figure, median(had.map((round) => round[server][name][figure]))]),
  );
  const ratios = had
    .filter((round) => round[floor]?.[name] !== undefined)
    .map((round) => round[server][name].cpu_us / round[floor][name].cpu_us);
  if (ratios.length === 0) return { rounds: had.length, ...figures };
  const rates = had
    .filter((round) => round[floor]?.[name] !== undefined)
    .map((round) => round[server][name].per_second / round[floor][name].per_second);
  const spread = { ratio_min: Math.min(...ratios), ratio_max: Math.max(...ratios) };
  return { rounds: had.length, ...figures, ratio: median(ratios), rate_ratio: median(rates), ...spread };
}

function summariseMemory(results) {
  if (results === undefined) return undefined;
  return {
    connections: results[0].connections,
    opened: median(results.map((result) => result.bytes_per_opened)),
    used: median(results.map((result) => result.bytes_per_used)),
  };
}

/** @param data what --json holds */
export function summarise(data) {
  const floor = data.servers.find((server) => server.floor)?.name;
  return data.servers.map((server) => ({
    ...server,
    cases: Object.fromEntries(
      data.cases.map((name) => [name, summariseCase(data.echo, floor, server.name, name)]),
    ),
    waves: Object.fromEntries(
      data.cases.map((name) => [name, summariseCase(data.waves ?? [], floor, server.name, name)]),
    ),
    spins: Object.fromEntries(
      SPINS.map(({ name }) => [name, summariseCase(data.spin ?? [], floor, server.name, name)]),
    ),
    shake: summariseCase(data.shake ?? [], floor, server.name, 'handshakes'),
    fans: Object.fromEntries(
      FAN_RECEIVERS.map((count) => [count, summariseCase(data.fan ?? [], floor, server.name, `1 → ${count}`)]),
    ),
    pages: Object.fromEntries(
      PAGES.map(({ name }) => [name, summariseCase(data.http ?? [], 'nginx', server.name, name)]),
    ),
    memory: summariseMemory(data.memory[server.name]),
    start: data.start[server.name],
  }));
}
