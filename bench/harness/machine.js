// What it runs on, from /proc: enough to judge the figures, nothing that names the machine.
import { readFileSync } from 'node:fs';

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

const field = (text, name) => new RegExp(`^${name}\\s*:\\s*(.*)$`, 'm').exec(text)?.[1].trim() ?? '';

/** "0-3,8" to [0, 1, 2, 3, 8]. */
function readList(text) {
  return text.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** The processors that this process may run on. */
export function processors() {
  return readList(field(read('/proc/self/status'), 'Cpus_allowed_list') || '0');
}

/** How many files a process may open at most. */
export function filesMax() {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(read('/proc/self/limits'))?.[1];
  return hard === undefined || hard === 'unlimited' ? Infinity : Number(hard);
}

/** A load from which on others take part in what is measured. */
export const BUSY = 0.5;

/** The load of the last minute: what others do at the same time. */
export const loadAverage = () => Number(read('/proc/loadavg').split(' ')[0] || 0);

export function describeMachine() {
  const cpu = read('/proc/cpuinfo');
  const memory = Number(/^MemTotal:\s+(\d+)/m.exec(read('/proc/meminfo'))?.[1] ?? 0);
  return {
    cpu: field(cpu, 'model name') || process.arch,
    cores: processors().length,
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(cpu),
    memory_gib: Math.round(memory / 1024 / 1024),
    kernel: `Linux ${read('/proc/sys/kernel/osrelease').trim()}`,
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(read('/etc/os-release'))?.[1] ?? '',
  };
}

/** One line for people. */
export function machineText(machine) {
  const kind = machine.virtual ? ' (virtual)' : '';
  const cores = machine.cores === 1 ? '1 core' : `${machine.cores} cores`;
  return `${machine.cpu}${kind}, ${cores}, ${machine.memory_gib} GiB, ${machine.kernel}, ${machine.system}`;
}
