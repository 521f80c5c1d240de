// A port, whatever happens: taken ones, split ones, reserved ones, blocked ones, and many at once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import {once} from 'node:events';
import {beforeEach, describe, test} from 'node:test';
import {setTimeout as sleep} from 'node:timers/promises';
import {Worker} from 'node:worker_threads';
import {atEnd} from './lib/atend.js';
import {begin, conf, folder, IS_ROOT, ordinary, serve} from './lib/berth.js';
import {freeRange, listen, tarpit, yesSayer} from './lib/ports.js';
import {Raw, request} from './lib/wire.js';

let base;
beforeEach(async () => (base = await freeRange(25)));

const FIRST_FOR_USERS = Number(fs.readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));

async function answersAsOurs(server, host = '127.0.0.1') {
  const health = JSON.parse((await request(server, '/health', {host})).text);
  assert.equal(health.instance, server.record.instance);
}

describe('a port that is taken', () => {
  test('the next one is had, and the log says who holds the first', async (t) => {
    await tarpit(t, base);
    const server = await serve(t, {conf: conf(base)});
    assert.equal(server.port, base + 1);
    assert.equal(server.record.requested_port, base);
    assert.equal(server.portFile, String(base + 1));
    await answersAsOurs(server);
    const line = server.log.find((text) => text.includes(String(base)) && text.includes(`pid ${process.pid}`));
    assert.ok(line, `no line names the holder, pid ${process.pid}:\n${server.stderr}`);
    assert.match(line, /node/);
  });

  test('a holder that is a Berth is named as one, with its app', async (t) => {
    const first = await serve(t, {conf: conf(base).replace('e2e', 'kitchen')});
    const second = await serve(t, {conf: conf(base)});
    assert.equal(second.port, base + 1);
    const line = second.log.find((text) => text.includes(`pid ${first.pid}`));
    assert.ok(line, second.stderr);
    assert.match(line, /berth/i);
  });

  for (const host of ['::1', '0.0.0.0', '::', '127.0.0.1']) {
    test(`taken on ${host} only is taken`, async (t) => {
      const decoy = await yesSayer(t, base, {host});
      const server = await serve(t, {conf: conf(base)});
      assert.equal(server.port, base + 1);
      for (const loopback of ['127.0.0.1', '::1']) await answersAsOurs(server, loopback);
      assert.deepEqual(decoy.asked, [], 'nobody was probed');
    });
  }

  test('a neighbour on 127.0.0.2 does not matter: 127.0.0.1 and ::1 are ours', async (t) => {
    await yesSayer(t, base, {host: '127.0.0.2'});
    const server = await serve(t, {conf: conf(base)});
    for (const loopback of ['127.0.0.1', '::1']) await answersAsOurs(server, loopback);
  });

  test('half a port is given back: what was had in one family only is free again', async (t) => {
    await tarpit(t, base, '::1');
    await serve(t, {conf: conf(base)});
    await tarpit(t, base, '127.0.0.1');
  });

  test('a decoy that answers 200 to everything stays untouched beside us', async (t) => {
    const decoy = await yesSayer(t, base, {body: '{"status":"ok","app":"e2e"}', type: 'application/json'});
    const server = await serve(t, {conf: conf(base)});
    assert.notEqual(server.port, base);
    assert.equal(server.portFile, String(server.port));
    await server.stop();
    assert.deepEqual(decoy.asked, []);
  });

  test('a whole range that is taken: the system gives one', async (t) => {
    for (let port = base; port < base + 3; port++) await tarpit(t, port);
    const server = await serve(t, {conf: conf(base, 'PORT_TRIES: 3')});
    assert.ok(server.port < base || server.port >= base + 3);
    await answersAsOurs(server);
    await answersAsOurs(server, '::1');
  });

  test('SERVER_PORT 0 asks the system at once', async (t) => {
    const server = await serve(t, {conf: conf(0)});
    assert.ok(server.port > 0);
    assert.equal(server.record.requested_port, 0);
    await answersAsOurs(server, '::1');
  });
});

describe('no port at all', () => {
  function refusal(run, ports) {
    assert.equal(run.stdout, '', 'nothing is published');
    assert.equal(run.portFile, undefined);
    for (const port of ports) {
      const line = run.log.find((text) => text.includes(String(port)) && text.includes(`pid ${process.pid}`));
      assert.ok(line, `the table lacks ${port}:\n${run.stderr}`);
    }
  }

  test('--strict-port never moves: exit 3 and the holder', async (t) => {
    await tarpit(t, base);
    const run = begin(t, {conf: conf(base), args: ['--strict-port']});
    refusal(await run.ended({code: 3}), [base]);
  });

  test('--strict-port on a free port is that port', async (t) => {
    const server = await serve(t, {conf: conf(base), args: ['--strict-port']});
    assert.equal(server.port, base);
  });

  test('FALLBACK: fail ends with 3 and a table of the ports tried', async (t) => {
    for (let port = base; port < base + 3; port++) await tarpit(t, port);
    const run = begin(t, {conf: conf(base, 'PORT_TRIES: 3', 'FALLBACK: fail')});
    refusal(await run.ended({code: 3}), [base, base + 1, base + 2]);
  });
});

describe('ports that are not for everyone', () => {
  test('an ordinary user who asks for 1018 gets the first port that the system allows', async (t) => {
    const server = await serve(t, {conf: conf(1018), user: ordinary});
    assert.equal(server.record.requested_port, 1018);
    if (FIRST_FOR_USERS <= 1018) {
      // This system lets everyone have 1018, so there is nothing to step over.
      assert.equal(server.port, 1018);
      return;
    }
    assert.equal(server.port, FIRST_FOR_USERS);
    const passed = server.log.filter((text) => /passed over/.test(text));
    assert.equal(passed.length, 1, `the whole range in one line:\n${server.stderr}`);
    assert.match(passed[0], /1018.*reserved/);
    await answersAsOurs(server);
    await answersAsOurs(server, '::1');
  });

  test('root who asks for 1018 gets 1018; anybody else is told what root would get', async (t) => {
    const server = await serve(t, {conf: conf(1018)});
    if (IS_ROOT || FIRST_FOR_USERS <= 1018) assert.equal(server.port, 1018);
    else assert.equal(server.port, FIRST_FOR_USERS);
  });

  test('an ordinary user with --strict-port 1018 ends with 3 and reads why', async (t) => {
    if (FIRST_FOR_USERS <= 1018) {
      const server = await serve(t, {conf: conf(1018), args: ['--strict-port'], user: ordinary});
      assert.equal(server.port, 1018);
      return;
    }
    const run = begin(t, {conf: conf(1018), args: ['--strict-port'], user: ordinary});
    await run.ended({code: 3});
    assert.match(run.stderr, /1018.*(reserved|privileged)/);
  });

  test('ports that browsers refuse are stepped over', async (t) => {
    const server = await serve(t, {conf: conf(6665)});
    assert.ok(server.port >= 6670, `${server.port} is one that browsers refuse`);
    assert.match(server.stderr, /browser/);
  });
});

describe('what is remembered and what is passed in', () => {
  test('the port of the last run comes back, also when the first is free again', async (t) => {
    const dir = folder(t);
    const text = conf(base, 'STICKY: true');
    const decoy = await tarpit(t, base);
    const first = await serve(t, {conf: text, dir});
    assert.equal(first.port, base + 1);
    await first.stop();
    await decoy.release();
    const second = await serve(t, {conf: text, dir});
    assert.equal(second.port, base + 1);
  });

  test('a remembered port outside the range asked for is forgotten', async (t) => {
    const dir = folder(t);
    await (await serve(t, {conf: conf(base, 'STICKY: true'), dir})).stop();
    const other = await freeRange(13);
    const second = await serve(t, {conf: conf(other, 'STICKY: true', 'PORT_TRIES: 3'), dir});
    assert.equal(second.port, other);
  });

  test('STICKY: false goes back to the first port', async (t) => {
    const dir = folder(t);
    const decoy = await tarpit(t, base);
    const text = conf(base, 'STICKY: false');
    await (await serve(t, {conf: text, dir})).stop();
    await decoy.release();
    assert.equal((await serve(t, {conf: text, dir})).port, base);
  });

  test('a socket passed in (LISTEN_FDS) is used as it is', async (t) => {
    const passed = await listen(net.createServer(), base + 20, '127.0.0.1');
    const server = await serve(t, {
      conf: conf(base),
      command: ['/bin/sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$BERTH_PROGRAM" "$@"', 'sh'],
      stdio: [passed._handle.fd],
    });
    await new Promise((resolve) => passed.close(resolve));
    assert.equal(server.port, base + 20);
    await answersAsOurs(server);
  });

  test('LISTEN_FDS that was meant for another process is left alone', async (t) => {
    const server = await serve(t, {conf: conf(base), env: {LISTEN_PID: '1', LISTEN_FDS: '1'}});
    assert.equal(server.port, base);
  });

  test('after a stop the port is free at once for the next run', async (t) => {
    for (let round = 0; round < 5; round++) {
      const server = await serve(t, {conf: conf(base, 'STICKY: false')});
      assert.equal(server.port, base, `round ${round}`);
      const raw = await Raw.open(server.port);
      await server.stop();
      raw.destroy();
    }
  });
});

test('20 servers at once from one configuration: 20 ports, and no reader ever sees a wrong one', async (t) => {
  const dir = folder(t);
  const reader = new Worker(new URL('./lib/reader.js', import.meta.url), {workerData: `${dir}/server_port.txt`});
  await once(reader, 'online');
  atEnd(t, () => reader.terminate());
  const runs = Array.from({length: 20}, () => begin(t, {conf: conf(base), dir}));
  await Promise.all(runs.map((run) => run.until((r) => r.stdout.endsWith('\n') || r.exit, 'a verdict', 60_000)));

  const running = runs.filter((run) => !run.exit);
  for (const run of runs.filter((r) => r.exit)) {
    assert.ok([3, 4].includes(run.exit.code), `a clear refusal, not ${JSON.stringify(run.exit)}:\n${run.stderr}`);
  }
  assert.ok(running.length > 0);
  await Promise.all(running.map((run) => run.ready()));
  const ports = running.map((run) => run.port);
  assert.equal(new Set(ports).size, ports.length, `two on one port: ${ports}`);
  await Promise.all(running.map((run) => answersAsOurs(run)));
  await Promise.all(running.map((run) => run.stop()));

  await sleep(50);
  reader.postMessage('enough');
  const [{contents, reads}] = await once(reader, 'message');
  assert.ok(reads > 0);
  for (const content of contents) {
    assert.ok(ports.map(String).includes(content), `a reader saw ${JSON.stringify(content)}`);
  }
  assert.equal(runs[0].portFile, undefined, 'the last one took its own port file away');
});

test('the listening sockets are not handed to children', async (t) => {
  const server = await serve(t, {conf: conf(base)});
  const flags = fs.readdirSync(`/proc/${server.pid}/fdinfo`).flatMap((fd) => {
    let target = '';
    try {
      target = fs.readlinkSync(`/proc/${server.pid}/fd/${fd}`);
    } catch {
      return [];
    }
    if (!target.startsWith('socket:')) return [];
    const info = fs.readFileSync(`/proc/${server.pid}/fdinfo/${fd}`, 'utf8');
    return [{target, flags: parseInt(/flags:\s*(\d+)/.exec(info)[1], 8)}];
  });
  const listening = flags.filter(({target}) => isListening(target));
  assert.equal(listening.length, 2, 'one socket for each loopback');
  for (const {flags: bits} of listening) assert.ok(bits & 0o2000000, 'close-on-exec');
});

function isListening(target) {
  const inode = /\[(\d+)\]/.exec(target)[1];
  return ['tcp', 'tcp6'].some((table) =>
    fs
      .readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .map((row) => row.trim().split(/\s+/))
      .some((field) => field[9] === inode && field[3] === '0A'),
  );
}
