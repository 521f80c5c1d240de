// Who may have what: Host, Origin, and the user at the other end.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {before, describe, test} from 'node:test';
import {conf, IS_ROOT, ordinary, serve} from './lib/berth.js';
import {freeRange} from './lib/ports.js';
import {exchange, handshakeStatus, request} from './lib/wire.js';

let base;
before(async () => (base = await freeRange()));

const FILES = {'static/data.json': '{"answer":42}'};
const start = (t, ...lines) => serve(t, {conf: conf(base, 'STATIC: static', 'ROUTES: {/client-ws: echo}', ...lines), files: FILES});

async function statusWithHost(server, host, target = '/static/data.json') {
  const line = host === undefined ? '' : `Host: ${host}\r\n`;
  const raw = await exchange(server, `GET ${target} HTTP/1.1\r\n${line}Connection: close\r\n\r\n`);
  return raw.statuses[0];
}

describe('Host is a literal that we serve', () => {
  test('our own names, with our port', async (t) => {
    const server = await start(t);
    for (const name of ['127.0.0.1', 'localhost', '[::1]', 'LOCALHOST']) {
      assert.equal(await statusWithHost(server, `${name}:${server.port}`), 200, name);
      assert.equal(await handshakeStatus(server, {Host: `${name}:${server.port}`}), 101, name);
    }
  });

  test('every other name is 421, for data, discovery and WebSocket alike', async (t) => {
    const server = await start(t);
    const {port} = server;
    const names = [
      `rebound.example:${port}`,
      `127.0.0.1.nip.io:${port}`,
      `localhost.rebound.example:${port}`,
      `127.0.0.1:${port + 1}`,
      '127.0.0.1',
      'localhost',
      `2130706433:${port}`,
      `0x7f000001:${port}`,
      `127.1:${port}`,
      `0.0.0.0:${port}`,
      `192.168.1.7:${port}`,
      `[::]:${port}`,
      `[fe80::1]:${port}`,
    ];
    for (const name of names) {
      for (const target of ['/static/data.json', '/health', '/server_port.txt', '/', '/berth/status.json']) {
        assert.equal(await statusWithHost(server, name, target), 421, `${name} ${target}`);
      }
      assert.equal(await handshakeStatus(server, {Host: name}), 421, name);
    }
  });

  test('no Host, two, or one that is none at all is 400', async (t) => {
    const server = await start(t);
    const own = `127.0.0.1:${server.port}`;
    assert.equal(await statusWithHost(server, undefined), 400);
    assert.equal(await statusWithHost(server, `${own}\r\nHost: ${own}`), 400);
    assert.equal(await statusWithHost(server, `${own}\r\nHost: rebound.example`), 400);
    for (const name of [`${own}, rebound.example`, `user@${own}`, `${own}/x`, `127.0.0.1:${server.port}9999`]) {
      const status = await statusWithHost(server, name);
      assert.ok(status === 400 || status === 421, `${name}: ${status}`);
    }
  });
});

const STRANGERS = [
  'https://evil.example',
  'http://evil.example',
  'null',
  'file://',
  'http://localhost.evil.example',
  'http://127.0.0.1.evil.example',
  'http://evil.example/127.0.0.1',
  'http://127.0.0.1@evil.example',
  'http://evil-localhost',
  'http://192.168.1.7',
  'http://10.0.0.1:8080',
  'http://127.0.0.1.',
  'http://0.0.0.0',
  'http://[::]',
  'chrome-extension://abcdefghijklmnop',
  'localhost',
  '127.0.0.1',
  '*',
  'http://',
  'http://localhost:99999',
];

describe('Origin', () => {
  test('a WebSocket for our own page and for loopback pages', async (t) => {
    const server = await start(t);
    const friends = [
      undefined,
      `http://127.0.0.1:${server.port}`,
      `http://localhost:${server.port}`,
      `http://[::1]:${server.port}`,
      'http://localhost:3000',
      'http://127.0.0.1:5173',
      'http://[::1]:8080',
      'http://localhost',
    ];
    for (const origin of friends) assert.equal(await handshakeStatus(server, {Origin: origin}), 101, String(origin));
  });

  test('no WebSocket and no data for anybody else', async (t) => {
    const server = await start(t);
    for (const origin of [...STRANGERS, `http://evil.example:${server.port}`]) {
      assert.equal(await handshakeStatus(server, {Origin: origin}), 403, `upgrade for ${origin}`);
      for (const target of ['/static/data.json', '/', '/berth/status.json']) {
        const answer = await request(server, target, {headers: {Origin: origin}});
        assert.equal(answer.status, 403, `${target} for ${origin}`);
        assert.ok(!answer.text.includes('42'));
        assert.equal(answer.headers['access-control-allow-origin'], undefined);
      }
    }
  });

  test('two Origins are none that can be trusted', async (t) => {
    const server = await start(t);
    const own = `http://127.0.0.1:${server.port}`;
    const status = await handshakeStatus(server, {Origin: `${own}\r\nOrigin: https://evil.example`});
    assert.ok(status === 400 || status === 403, String(status));
  });

  test('discovery answers every origin, with the public fields only', async (t) => {
    const server = await start(t);
    for (const origin of ['https://evil.example', 'null', 'http://localhost:3000']) {
      const health = await request(server, '/health', {headers: {Origin: origin}});
      assert.equal(health.status, 200);
      assert.equal(health.headers['access-control-allow-origin'], '*');
      for (const name of ['pid', 'state_dir', 'token']) assert.ok(!(name in JSON.parse(health.text)));
      const port = await request(server, '/server_port.txt', {headers: {Origin: origin}});
      assert.equal(port.headers['access-control-allow-origin'], '*');
    }
  });

  test('an allowed origin is echoed, with Vary', async (t) => {
    const server = await start(t);
    const answer = await request(server, '/static/data.json', {headers: {Origin: 'http://localhost:3000'}});
    assert.equal(answer.headers['access-control-allow-origin'], 'http://localhost:3000');
    assert.match(answer.headers.vary, /origin/i);
  });

  test('a preflight is answered for the allowed and refused to others', async (t) => {
    const server = await start(t);
    const ask = (Origin) =>
      request(server, '/static/data.json', {method: 'OPTIONS', headers: {Origin, 'Access-Control-Request-Method': 'GET'}});
    const allowed = await ask('http://localhost:3000');
    assert.ok([200, 204].includes(allowed.status), String(allowed.status));
    assert.equal(allowed.headers['access-control-allow-origin'], 'http://localhost:3000');
    assert.equal((await ask('https://evil.example')).status, 403);
  });

  test('what a page of another site embeds is refused, though it says no Origin', async (t) => {
    const server = await start(t);
    const embed = (site, mode) =>
      request(server, '/static/data.json', {headers: {'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': mode}});
    assert.equal((await embed('cross-site', 'no-cors')).status, 403);
    assert.equal((await embed('same-origin', 'no-cors')).status, 200);
    assert.equal((await embed('none', 'navigate')).status, 200);
  });
});

describe('ALLOWED_ORIGINS', () => {
  test('opens it for the origin named, and for no other', async (t) => {
    const server = await start(t, 'ALLOWED_ORIGINS: ["https://app.example"]');
    assert.equal(await handshakeStatus(server, {Origin: 'https://app.example'}), 101);
    for (const origin of ['https://app.example.evil.example', 'http://app.example', 'https://app.example:444', 'null']) {
      assert.equal(await handshakeStatus(server, {Origin: origin}), 403, origin);
    }
    const answer = await request(server, '/static/data.json', {headers: {Origin: 'https://app.example'}});
    assert.equal(answer.headers['access-control-allow-origin'], 'https://app.example');
    assert.equal(await statusWithHost(server, `rebound.example:${server.port}`), 421, 'Host is still asked');
  });

  test('"*" opens it for all, with a warning', async (t) => {
    const server = await start(t, 'ALLOWED_ORIGINS: ["*"]');
    assert.equal(await handshakeStatus(server, {Origin: 'https://evil.example'}), 101);
    const warning = server.log.filter((line) => line.includes('ALLOWED_ORIGINS'));
    assert.equal(warning.length, 1, server.stderr);
    assert.equal(await statusWithHost(server, `rebound.example:${server.port}`), 421, 'Host is still asked');
  });
});

describe('the user at the other end', () => {
  // Asks as another user than the server's; where the tests are not run by root there is no other
  // user to be, and what is shown is that our own user gets in.
  function statusAs(user, server) {
    const script = `
      const net = require('node:net');
      const socket = net.connect(${server.port}, '127.0.0.1', () => socket.write(process.argv[1]));
      socket.once('data', (data) => { console.log(data.toString().slice(9, 12)); process.exit(); });`;
    const bytes =
      `GET /client-ws HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
    const asked = spawnSync(process.execPath, ['-e', script, bytes], {
      cwd: '/',
      timeout: 20_000,
      ...(user === undefined ? {} : {uid: user, gid: user}),
    });
    return Number(asked.stdout.toString());
  }

  test('another user of the machine gets no WebSocket without a word', async (t) => {
    const server = await start(t);
    assert.equal(statusAs(ordinary, server), IS_ROOT ? 403 : 101);
  });

  test('the own user does, and so does root', async (t) => {
    const server = await serve(t, {conf: conf(base, 'ROUTES: {/client-ws: echo}'), user: ordinary});
    assert.equal(statusAs(ordinary, server), 101);
    assert.equal(statusAs(undefined, server), 101);
  });
});
