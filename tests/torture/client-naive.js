// A client as they are written everywhere: it believes the port file, then whoever in the range
// answers 200 on /health and mentions the app. It is here to show that the torture test can fail.
import fs from 'node:fs';
import {createRequire} from 'node:module';
import {setTimeout as sleep} from 'node:timers/promises';
import {converse} from './client-talk.js';

const {WebSocket} = createRequire(new URL('../e2e/', import.meta.url))('ws');

const [app, portFile, route, first, count] = process.argv.slice(2);

async function find() {
  const range = Array.from({length: Number(count)}, (_, index) => Number(first) + index);
  for (const port of [portOfFile(), ...range]) {
    const body = await ask(port);
    if (body?.includes(app)) return {port, instance: JSON.parse(body).instance};
  }
  return undefined;
}

function portOfFile() {
  try {
    return Number(fs.readFileSync(portFile, 'utf8'));
  } catch {
    return undefined;
  }
}

async function ask(port) {
  if (!port) return undefined;
  try {
    const response = await fetch(`http://127.0.0.1:${port}/health`, {signal: AbortSignal.timeout(1_000)});
    return response.ok ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

let socket;

async function connect(talk) {
  for (;;) {
    const found = await find();
    if (found && (await open(talk, found))) return;
    await sleep(100);
  }
}

function open(talk, found) {
  return new Promise((resolve) => {
    socket = new WebSocket(`ws://127.0.0.1:${found.port}${route}`);
    socket.on('open', () => resolve(talk.opened(found)));
    socket.on('message', (data) => talk.came(data.toString()));
    socket.on('error', () => resolve(false));
    socket.on('close', (code) => talk.lost(code) && connect(talk));
  });
}

const talk = converse({
  send: (text) => socket?.readyState === WebSocket.OPEN && socket.send(text),
  again: async () => {
    socket?.removeAllListeners().on('error', () => {}).terminate();
    await connect(talk);
  },
  find,
});
talk.begun();
connect(talk);
