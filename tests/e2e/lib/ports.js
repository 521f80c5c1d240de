// Ports for tests, and programs that are in the way on them.
import http from 'node:http';
import net from 'node:net';
import {atEnd} from './atend.js';

const LOW = 12_000; // above the ports that browsers refuse
const HIGH = 32_000; // below those that the system gives to clients

/** A listening server; resolves when it listens. */
export function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({port, host, ipv6Only: host === '::1'}, () => resolve(server));
  });
}

async function isFree(port) {
  try {
    for (const host of ['127.0.0.1', '::1']) {
      const server = await listen(net.createServer(), port, host);
      await new Promise((resolve) => server.close(resolve));
    }
    return true;
  } catch {
    return false;
  }
}

/** The first of `count` ports in a row that are free in both loopback families. */
export async function freeRange(count = 13) {
  for (;;) {
    const base = LOW + Math.floor(Math.random() * (HIGH - LOW - count));
    let free = true;
    for (let port = base; free && port < base + count; port++) free = await isFree(port);
    if (free) return base;
  }
}

function closedAtEnd(t, server) {
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('close', () => sockets.delete(socket));
  });
  server.release = () =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  atEnd(t, () => server.release());
  return server;
}

/** Somebody else's program that accepts and never says a word. `release()` ends it early. */
export async function tarpit(t, port, host = '127.0.0.1') {
  return listen(closedAtEnd(t, net.createServer()), port, host);
}

/** Somebody else's program that answers 200 to everything, with this body. */
export async function yesSayer(t, port, {host = '127.0.0.1', body = 'OK', type = 'text/plain'} = {}) {
  const server = http.createServer((request, response) => {
    server.asked.push(request.url);
    response.writeHead(200, {'Content-Type': type, 'Access-Control-Allow-Origin': '*'}).end(body);
  });
  server.asked = [];
  server.on('upgrade', (request, socket) => {
    server.asked.push(request.url);
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK');
  });
  return listen(closedAtEnd(t, server), port, host);
}
