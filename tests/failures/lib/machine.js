// The machine that a test has for itself: `./dev failures` runs every file in a network and a mount
// namespace of its own (tests/failures/alone), so that its ports, its settings and its hosts file
// are nobody else's.
import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {atEnd} from '../../e2e/lib/atend.js';
import {folder} from '../../e2e/lib/berth.js';

assert.equal(
  process.env.BERTH_ALONE,
  '1',
  'these tests change the machine: run them with ./dev failures, or through tests/failures/alone',
);

/** Round counts: all of them with BERTH_FULL=1, else as many as a test run can wait for. */
export function rounds(full, few) {
  return process.env.BERTH_FULL === '1' ? full : few;
}

/** Sets one of the kernel's network settings, below /proc/sys/net, until the test ends. */
export function setting(t, name, value) {
  const file = path.join('/proc/sys/net', name);
  const before = fs.readFileSync(file, 'utf8');
  fs.writeFileSync(file, String(value));
  atEnd(t, () => fs.writeFileSync(file, before));
}

/** Makes `localhost` mean these addresses, for every process of this test. */
export function localhost(t, ...addresses) {
  const hosts = path.join(folder(t), 'hosts');
  fs.writeFileSync(hosts, addresses.map((address) => `${address} localhost\n`).join(''));
  fs.chmodSync(hosts, 0o644);
  execFileSync('mount', ['--bind', hosts, '/etc/hosts']);
  atEnd(t, () => execFileSync('umount', ['/etc/hosts']));
}
