// A WebSocket client for tests: the `ws` package, with messages and the close as promises.
import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';
import WebSocket from 'ws';
import {atEnd} from './atend.js';

/** Opens it, or rejects with the status that it was answered. */
export async function connect(t, url, options = {}) {
  const socket = new WebSocket(url, options.protocols ?? [], {perMessageDeflate: false, ...options});
  socket.queue = [];
  socket.on('message', (data, isBinary) => socket.queue.push(isBinary ? data : data.toString()));
  socket.closed = new Promise((resolve) => {
    socket.on('close', (code, reason) => resolve({code, reason: reason.toString()}));
  });
  atEnd(t, () => socket.terminate());
  await new Promise((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
    socket.on('unexpected-response', (request, response) => {
      response.resume();
      reject(Object.assign(new Error(`answered ${response.statusCode}`), {status: response.statusCode}));
    });
  });
  return socket;
}

/** The next message: a string, or a Buffer for a binary one. */
export async function next(socket, within = 10_000) {
  for (const deadline = Date.now() + within; socket.queue.length === 0; ) {
    const left = deadline - Date.now();
    if (left <= 0) throw new Error(`no message within ${within} ms`);
    if (socket.readyState === WebSocket.CLOSED) throw new Error('closed before the message');
    await Promise.race([once(socket, 'message'), socket.closed, sleep(left, undefined, {ref: false})]);
  }
  return socket.queue.shift();
}

/** Sends, and gives the next message. */
export function ask(socket, message, within) {
  socket.send(message);
  return next(socket, within);
}
