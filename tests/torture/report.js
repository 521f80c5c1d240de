// What came of it: counts, times, and the things that must not be.
const TARGETS_MS = {native: 250}; // ready to connected, 99 of 100; told, and no must: machines differ
const CAUSES = ['ready', 'left', 'asked', 'frozen', 'dropped'];
const SHOWN = 10; // of each kind of fault, in full

export class Report {
  constructor() {
    this.steps = new Map(); // name: {done, vain}
    this.counts = new Map();
    this.samples = new Map(); // kind: {cause: [ms]}
    this.faults = {'wrong server': [], 'left out': [], 'secret shown': [], 'fault': []};
  }

  /** A step of the schedule; in vain when there was nothing to do it to. */
  step(name, done) {
    if (!this.steps.has(name)) this.steps.set(name, {done: 0, vain: 0});
    this.steps.get(name)[done ? 'done' : 'vain']++;
  }

  count(what, number = 1) {
    this.counts.set(what, (this.counts.get(what) ?? 0) + number);
  }

  sample({kind}, cause, ms) {
    if (!this.samples.has(kind)) this.samples.set(kind, {});
    (this.samples.get(kind)[cause] ??= []).push(ms);
  }

  wrong(client, event, why) {
    const over = client.connections.at(-1);
    this.fail('wrong server', `${client.name}: ${why}: ${JSON.stringify(event)}, over ${JSON.stringify(over)}`);
  }

  fail(kind, text) {
    this.faults[kind].push(text);
  }

  /** All musts hold; and something has happened at all. */
  get passed() {
    return Object.values(this.faults).every((list) => list.length === 0) && this.counts.get('connects') > 0;
  }

  /** For programs. */
  get summary() {
    const times = {};
    for (const [kind, causes] of [...this.samples].sort()) {
      times[kind] = Object.fromEntries(CAUSES.filter((cause) => causes[cause]).map((cause) => [cause, figures(causes[cause])]));
    }
    const musts = Object.fromEntries(Object.entries(this.faults).map(([kind, list]) => [kind, list.length]));
    const sorted = (map) => Object.fromEntries([...map].sort());
    return {passed: this.passed, musts, times, counts: sorted(this.counts), steps: sorted(this.steps)};
  }

  /** For people. */
  text() {
    const {musts, times, counts, steps} = this.summary;
    const lines = ['', row('steps', 'done', 'in vain')];
    for (const [name, {done, vain}] of Object.entries(steps)) lines.push(row(`  ${name}`, done, vain));
    lines.push('', row('what happened', 'count'), ...Object.entries(counts).map(([what, number]) => row(`  ${what}`, number)));
    lines.push('', row('from could-be to is connected, ms', 'count', 'p50', 'p99', 'max'));
    for (const [kind, causes] of Object.entries(times)) {
      for (const [cause, {count, p50, p99, max}] of Object.entries(causes)) lines.push(row(`  ${kind} ${cause}`, count, p50, p99, max));
    }
    for (const [kind, target] of Object.entries(TARGETS_MS)) {
      const p99 = times[kind]?.ready?.p99;
      if (p99 !== undefined) lines.push(`  ${kind}, ready to connected, 99 of 100 under ${target} ms: ${p99 < target ? 'yes' : 'no'}`);
    }
    lines.push('', row('must be 0', 'count'), ...Object.entries(musts).map(([kind, number]) => row(`  ${kind}`, number)));
    for (const [kind, list] of Object.entries(this.faults)) lines.push(...list.slice(0, SHOWN).map((text) => `\n${kind}: ${text}`));
    return lines.join('\n');
  }
}

function row(name, ...columns) {
  return `${name.padEnd(34)}${columns.map((column) => String(column).padStart(9)).join('')}`;
}

function figures(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (part) => round(sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]);
  return {count: sorted.length, p50: at(0.5), p99: at(0.99), max: round(sorted.at(-1))};
}

function round(ms) {
  return Math.round(ms * 10) / 10;
}
