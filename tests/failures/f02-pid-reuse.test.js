// F02: somebody else has the pid of a dead server, and makes its record look alive.
// Defence: alive is whoever holds the record's lock, whatever pid it names (port/record_list.c,
// app/running.c; sys/linux/locks.c).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {conf, folder, Run, write} from '../e2e/lib/berth.js';
import {rounds} from './lib/machine.js';
import {recordsIn} from './lib/records.js';

const PORT = 12000;

// In a pid namespace of its own: a server, killed; then a program of the same name with the same
// pid; then the questions. The last process of a namespace's shell ends it all.
const SCRIPT = `
set -eu
cp /bin/sleep berth
"$BERTH_PROGRAM" serve conf.yaml --json >first & pid=$!
until [ -s first ]; do sleep 0.01; done
kill -KILL $pid
wait $pid || true
echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
./berth 60 & decoy=$!
"$BERTH_PROGRAM" list --json >list
"$BERTH_PROGRAM" serve conf.yaml --json --instance single >second & again=$!
until [ -s second ]; do kill -0 $again; sleep 0.01; done
"$BERTH_PROGRAM" list --json >list-after
echo $pid $decoy
kill -0 $decoy
kill $again
wait $again
`;

test('a decoy with the dead server’s pid and name gives its record no life', async (t) => {
  for (let round = 0; round < rounds(100, 3); round++) {
    const dir = folder(t);
    write(dir, {'conf.yaml': conf(PORT)});
    const world = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', SCRIPT, 'sh'];
    const run = new Run({dir, args: [], command: world});
    await run.ended();
    const [pid, decoy] = run.stdout.trim().split(' ').map(Number);
    assert.equal(decoy, pid, 'the decoy has the pid');
    const read = (name) => JSON.parse(fs.readFileSync(path.join(dir, name), 'utf8'));
    assert.equal(read('first').pid, pid);
    assert.deepEqual(read('list'), []);
    assert.notEqual(read('second').instance, read('first').instance);
    assert.deepEqual(read('list-after').map((one) => one.instance), [read('second').instance]);
    assert.deepEqual(recordsIn(dir), []);
  }
});
