// Strangers on ports of our range, in a thread of their own, so that they cannot slow the driver.
//
//     const squatters = new Squatters((report) => …);
//     await squatters.hold({post: 3, kind: 'copy', port: 1020, family: 'both', captured});
//     squatters.leave(3);
//
// Kinds: `yes` says 200 to everything; `tarpit` says nothing; `reset` ends each connection with a
// reset; `copy` gives the health document of a real server as it was captured; `replay` gives one
// with a proof, made for another challenge; `relay` asks a living server and passes on what it says.
// All but `tarpit` and `reset` accept every WebSocket and echo, so that a client that is misled
// does not even notice.
//
// They remember what they were shown: `upgrade` (a client asked this post for a WebSocket),
// `fooled` (and then used it, from its port `from`), `secret` (a token, key or cookie was in its bytes).
import http from 'node:http';
import net from 'node:net';
import {createHash} from 'node:crypto';
import {Worker, isMainThread, parentPort} from 'node:worker_threads';

const WS_SECRET = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'; // RFC 6455, section 1.3
const HOSTS = {ipv4: ['127.0.0.1'], ipv6: ['::1'], both: ['127.0.0.1', '::1']};
const SECRET = /berth\.token\.|^authorization:|^cookie:/im;

/** The driver's side. */
export class Squatters {
  constructor(onReport) {
    this.worker = new Worker(new URL(import.meta.url));
    this.waiting = new Map();
    this.taken = new Map(); // post: port
    this.worker.on('message', (message) => {
      if (message.event !== 'held') return onReport(message);
      this.waiting.get(message.post)(message.held);
      this.waiting.delete(message.post);
    });
  }

  /** Whether the port could be had. A relay's `target` is the port that it asks. */
  async hold(order) {
    const answer = new Promise((resolve) => this.waiting.set(order.post, resolve));
    this.worker.postMessage({do: 'hold', ...order});
    const held = await answer;
    if (held) this.taken.set(order.post, order.port);
    return held;
  }

  /** False when the post was empty. */
  leave(post) {
    this.worker.postMessage({do: 'leave', post});
    return this.taken.delete(post);
  }

  end() {
    return this.worker.terminate();
  }
}

// --- The thread ------------------------------------------------------------------------------

const posts = new Map();

function report(post, event, details) {
  parentPort.postMessage({post: post.order.post, kind: post.order.kind, port: post.order.port, event, ...details});
}

async function hold(order) {
  const post = {order, listeners: [], sockets: new Set()};
  posts.set(order.post, post);
  try {
    for (const host of HOSTS[order.family]) post.listeners.push(await listen(serverOf(post), order.port, host));
  } catch {
    leave(order.post);
  }
  parentPort.postMessage({event: 'held', post: order.post, held: posts.has(order.post)});
}

function leave(number) {
  const post = posts.get(number);
  if (!post) return;
  posts.delete(number);
  for (const socket of post.sockets) socket.destroy();
  for (const listener of post.listeners) listener.close();
}

function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({port, host, ipv6Only: host === '::1'}, () => resolve(server));
  });
}

function serverOf(post) {
  const server = MUTE[post.order.kind] ? net.createServer(MUTE[post.order.kind]) : speaker(post);
  return server.on('connection', (socket) => {
    post.sockets.add(socket.on('error', () => {}));
    socket.on('close', () => post.sockets.delete(socket));
    socket.on('data', (data) => look(post, data));
  });
}

function look(post, data) {
  const text = data.toString('latin1');
  if (SECRET.test(text)) report(post, 'secret', {text: text.slice(0, 400)});
}

/** Those that never answer. */
const MUTE = {
  tarpit: (socket) => socket.resume(),
  reset: (socket) => socket.once('data', () => socket.resetAndDestroy()),
};

function speaker(post) {
  const server = http.createServer((request, response) => answer(post, request, response));
  server.on('upgrade', (request, socket) => {
    report(post, 'upgrade', {url: request.url});
    accept(post, request, socket);
  });
  return server;
}

const JSON_HEAD = {'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'Access-Control-Allow-Origin': '*'};

function answer(post, request, response) {
  const {kind, port, captured, target} = post.order;
  const isHealth = request.url.startsWith('/health');
  if (request.url === '/server_port.txt' && kind !== 'yes') response.writeHead(200, JSON_HEAD).end(String(port));
  else if (isHealth && kind === 'copy' && captured) response.writeHead(200, JSON_HEAD).end(captured.health);
  else if (isHealth && kind === 'replay' && captured) response.writeHead(200, JSON_HEAD).end(captured.proved);
  else if (kind === 'relay' && target) relay(target, request, response);
  else response.writeHead(200, {'Content-Type': 'text/plain', 'Access-Control-Allow-Origin': '*'}).end('OK');
}

function relay(target, {method, url}, response) {
  http
    .request({host: '127.0.0.1', port: target, method, path: url, agent: false}, (from) => {
      response.writeHead(from.statusCode, from.headers);
      from.pipe(response);
    })
    .on('error', () => response.destroy())
    .end();
}

function accept(post, request, socket) {
  const hash = createHash('sha1').update(`${request.headers['sec-websocket-key']}${WS_SECRET}`).digest('base64');
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',')[0].trim();
  const protocol = offered ? `Sec-WebSocket-Protocol: ${offered}\r\n` : '';
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${protocol}Sec-WebSocket-Accept: ${hash}\r\n\r\n`);
  const {remotePort: from} = socket;
  socket.once('data', () => report(post, 'fooled', {url: request.url, from, at: Number(process.hrtime.bigint()) / 1e6}));
  socket.on('data', (data) => socket.write(unmasked(data)));
}

/** A client's small frame as a server would send it: without the mask. */
function unmasked(frame) {
  const size = frame[1] & 0x7f;
  if (size > 125 || frame.length < size + 6) return Buffer.alloc(0);
  const mask = frame.subarray(2, 6);
  const payload = frame.subarray(6, 6 + size).map((byte, index) => byte ^ mask[index & 3]);
  return Buffer.concat([Buffer.from([frame[0], size]), payload]);
}

if (!isMainThread) {
  parentPort.on('message', (message) => (message.do === 'hold' ? hold(message) : leave(message.post)));
}
