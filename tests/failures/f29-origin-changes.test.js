// F29: the server comes back on another port, the page has another origin, and what it kept in
// localStorage is gone.
// Defence: the port of the last run is asked for first (STICKY; port/allocate.c, port/publish.c). Where
// a stranger has it, clients raise `moved` before they connect (clients/js/src/finder.js).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import {after, before, test} from 'node:test';
import {launch, open} from '../e2e/lib/browser.js';
import {conf, folder, serve} from '../e2e/lib/berth.js';
import {connect, find, placesOf} from './lib/clients.js';
import {holder, until} from './lib/process.js';

const PORT = 12000;
const PAGE = '/static/index.html';

let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

function app(t) {
  const dir = folder(t);
  fs.mkdirSync(path.join(dir, 'static'));
  fs.writeFileSync(path.join(dir, 'static/index.html'), '<!doctype html><title>kept</title>');
  return {dir, conf: conf(PORT, 'STATIC: static', 'STICKY: true')};
}

async function stop(server) {
  await server.stop();
  return server.port;
}

test('what the page kept is there after a restart, though the first port is free again', async (t) => {
  const options = app(t);
  const inTheWay = await holder(t, '127.0.0.1', PORT);
  const first = await serve(t, options);
  assert.equal(first.port, PORT + 1);
  const page = await open(t, browser, first.url(PAGE));
  await page.evaluate(() => localStorage.setItem('name', 'Mio'));
  await stop(first);
  await inTheWay.release();

  const second = await serve(t, options);
  assert.equal(second.port, PORT + 1);
  await page.goto(second.url(PAGE));
  assert.equal(await page.evaluate(() => localStorage.getItem('name')), 'Mio');
});

test('it is there after a crash, too', async (t) => {
  const options = app(t);
  const inTheWay = await holder(t, '127.0.0.1', PORT);
  const first = await serve(t, options);
  const page = await open(t, browser, first.url(PAGE));
  await page.evaluate(() => localStorage.setItem('name', 'Mio'));
  first.process.kill('SIGKILL');
  await first.exited;
  first.checked = true;
  await inTheWay.release();

  const second = await serve(t, options);
  await page.goto(second.url(PAGE));
  assert.equal(await page.evaluate(() => localStorage.getItem('name')), 'Mio');
});

test('ten restarts, ten times the same port', async (t) => {
  const options = app(t);
  const inTheWay = await holder(t, '::1', PORT);
  const ports = [await stop(await serve(t, options))];
  await inTheWay.release();
  for (let i = 0; i < 9; i++) ports.push(await stop(await serve(t, options)));
  assert.deepEqual(ports, Array(10).fill(PORT + 1));
});

test('the port has gone to a stranger: `moved` says so before the page is used', async (t) => {
  const options = app(t);
  const first = await serve(t, options);
  const places = placesOf(first.dir, [PORT, PORT + 1]);
  assert.equal((await find(places)).found.port, PORT);
  await stop(first);
  const stranger = await holder(t, '127.0.0.1', PORT, ['addr']);
  assert.equal(stranger.said[0], 'listening');
  const second = await serve(t, options);
  assert.equal(second.port, PORT + 1);

  const {found, events} = await find(places);
  assert.equal(found.port, PORT + 1);
  const moved = events.find((event) => event.type === 'moved');
  assert.ok(moved, `it was not said: ${events.map((event) => event.type)}`);
  assert.equal(moved.from.http, `http://127.0.0.1:${PORT}`);
  assert.equal(moved.to.http, `http://127.0.0.1:${PORT + 1}`);

  const socket = connect(t, placesOf(first.dir, [PORT + 1]));
  await until(() => socket.readyState === 1, 'connection');
  assert.ok(!socket.events.some((event) => event.type === 'moved'), 'it is said once');
});
