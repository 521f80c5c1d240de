// F25: a child of the server inherits its listening socket, and holds the port when it is gone.
// Defence: close-on-exec on every descriptor, from the call that makes it (sys/linux/listen.c,
// accept.c, files.c, passed.c).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import {once} from 'node:events';
import {test} from 'node:test';
import {atEnd} from '../e2e/lib/atend.js';
import {conf, serve} from '../e2e/lib/berth.js';
import {listen} from '../e2e/lib/ports.js';
import {Raw} from '../e2e/lib/wire.js';
import {holder, isAlive, until} from './lib/process.js';
import {shim} from './lib/tools.js';

const PORT = 12000;

function childrenOf(pid) {
  const text = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Makes the server start `sleep 60`, as a careless library within it would. */
async function sleeper(t, server) {
  process.kill(server.pid, 'SIGUSR2');
  const asleep = () =>
    childrenOf(server.pid).find((child) => fs.readFileSync(`/proc/${child}/comm`, 'utf8') === 'sleep\n');
  const pid = await until(asleep, 'sleeper');
  atEnd(t, () => isAlive(pid) && process.kill(pid, 'SIGKILL'));
  return pid;
}

function opened(pid) {
  const folder = `/proc/${pid}/fd`;
  return fs.readdirSync(folder).flatMap((fd) => {
    try {
      return [fs.readlinkSync(`${folder}/${fd}`)];
    } catch {
      return []; // it was the one that listed the others
    }
  });
}

/** What a child has beside the three standard ones, and beside what this test itself passes on. It
 *  opens and closes files of its own while it starts. */
function inherited(child) {
  const here = opened('self');
  return opened(child).slice(3).filter((target) => !here.includes(target));
}

for (const [how, passed] of [['had by the server', false], ['passed in by LISTEN_FDS', true]]) {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    test(`sockets ${how}: after ${signal} the port is free, though a child lives on`, async (t) => {
      const options = {conf: conf(PORT), env: shim({SLEEPER: '1'})};
      if (passed) {
        const given = await listen(net.createServer(), PORT, '127.0.0.1');
        options.command = ['/bin/sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$BERTH_PROGRAM" "$@"', 'sh'];
        options.stdio = [given._handle.fd];
        setImmediate(() => given.close());
      }
      const server = await serve(t, options);
      assert.equal(server.port, PORT);
      const raw = await Raw.open(server.port);
      const child = await sleeper(t, server);
      await until(() => inherited(child).length === 0, `child without: ${inherited(child)}`, 2000);
      raw.destroy();
      server.process.kill(signal);
      await once(server.process, 'exit'); // its output stays open: the child has that
      server.checked = true;
      assert.ok(isAlive(child));
      const next = await holder(t, '127.0.0.1', PORT, ['addr']);
      assert.equal(next.said[0], 'listening');
    });
  }
}
