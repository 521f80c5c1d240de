// Talking to a server: whole HTTP requests, bytes as they are, and WebSocket frames by hand.
import http from 'node:http';
import net from 'node:net';
import {once} from 'node:events';
import {setTimeout as sleep} from 'node:timers/promises';

/** One HTTP request on a connection of its own: {status, headers, text}. */
export function request(server, target = '/', {method = 'GET', headers = {}, body, host = '127.0.0.1'} = {}) {
  return new Promise((resolve, reject) => {
    const asked = http.request({
      host,
      port: server.port,
      path: target,
      method,
      headers: {Host: `${host.includes(':') ? `[${host}]` : host}:${server.port}`, ...headers},
      agent: false,
      timeout: 10_000,
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer to ${method} ${target}`)));
    asked.on('error', reject);
    asked.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({status: response.statusCode, headers: response.headers, text: ''});
    });
    asked.on('response', async (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part)).on('error', reject);
      await once(response, 'end');
      resolve({status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString()});
    });
    asked.end(body);
  });
}

/** A raw connection: send() bytes, read what came so far, wait for more or for the end. */
export class Raw {
  static async open(port, host = '127.0.0.1') {
    const raw = new Raw();
    raw.received = Buffer.alloc(0);
    raw.closed = false;
    raw.socket = net.connect({port, host, allowHalfOpen: true});
    raw.socket.on('data', (data) => (raw.received = Buffer.concat([raw.received, data])));
    raw.socket.on('end', () => (raw.closed = true));
    raw.socket.on('close', () => (raw.closed = true));
    raw.socket.on('error', (error) => {
      raw.error = error.code;
      raw.closed = true;
    });
    await Promise.race([once(raw.socket, 'connect'), once(raw.socket, 'close')]);
    return raw;
  }

  send(bytes) {
    if (!this.closed) this.socket.write(bytes);
    return this;
  }

  get text() {
    return this.received.toString('latin1');
  }

  /** The status codes of the answers that have come so far, heads being whole. */
  get statuses() {
    const statuses = [];
    for (let at = 0; ; ) {
      const end = this.text.indexOf('\r\n\r\n', at);
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(this.text.slice(at));
      if (end < 0 || !status) return statuses;
      statuses.push(Number(status[1]));
      const size = /\r\ncontent-length: *(\d+)/i.exec(this.text.slice(at, end));
      at = end + 4 + Number(size?.[1] ?? 0);
    }
  }

  async until(condition, within = 10_000) {
    for (const deadline = Date.now() + within; Date.now() < deadline; await sleep(2)) {
      if (condition(this)) return this;
    }
    throw new Error(`not within ${within} ms; closed: ${this.closed}, received: ${JSON.stringify(this.text.slice(0, 400))}`);
  }

  ended(within) {
    return this.until((raw) => raw.closed, within);
  }

  destroy() {
    this.socket.destroy();
  }
}

/** Sends bytes and collects until the server closes. */
export async function exchange(server, bytes, {host, within} = {}) {
  const raw = await Raw.open(server.port, host);
  try {
    return await raw.send(bytes).ended(within);
  } finally {
    raw.destroy();
  }
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** The request that opens a WebSocket; a header given as undefined is left out. */
export function handshake(server, target = '/client-ws', headers = {}) {
  const all = {
    Host: `127.0.0.1:${server.port}`,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': KEY,
    'Sec-WebSocket-Version': '13',
    ...headers,
  };
  const lines = Object.entries(all).filter(([, value]) => value !== undefined);
  return `GET ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

/** The status with which a handshake is answered. */
export async function handshakeStatus(server, headers = {}, target) {
  const raw = await Raw.open(server.port);
  try {
    await raw.send(handshake(server, target, headers)).until((r) => r.text.includes('\r\n\r\n') || r.closed);
    return raw.statuses[0];
  } finally {
    raw.destroy();
  }
}

/** A raw connection that has shaken hands; what follows is frames. */
export async function openRaw(server, target) {
  const raw = await Raw.open(server.port);
  await raw.send(handshake(server, target)).until((r) => r.text.includes('\r\n\r\n'));
  if (raw.statuses[0] !== 101) throw new Error(`the handshake was answered:\n${raw.text}`);
  raw.received = raw.received.subarray(raw.received.indexOf('\r\n\r\n') + 4);
  return raw;
}

/** One frame as bytes. `first` is its first byte: FIN, reserved bits and opcode. */
export function frame(first, payload = '', {mask = [1, 2, 3, 4], size} = {}) {
  const body = Buffer.from(payload);
  const length = size ?? body.length;
  const masked = mask ? 0x80 : 0;
  let head;
  if (length < 126) {
    head = Buffer.from([first, masked | Number(length)]);
  } else if (length < 65536) {
    head = Buffer.from([first, masked | 126, 0, 0]);
    head.writeUInt16BE(Number(length), 2);
  } else {
    head = Buffer.alloc(10);
    head.set([first, masked | 127]);
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  if (!mask) return Buffer.concat([head, body]);
  return Buffer.concat([head, Buffer.from(mask), body.map((byte, i) => byte ^ mask[i % 4])]);
}

/** The close code of the last frame that came, when that is a close frame; null for one without. */
export function closeCode(raw) {
  let at = 0;
  const bytes = raw.received;
  while (at + 2 <= bytes.length) {
    let size = bytes[at + 1] & 0x7f;
    let start = at + 2;
    if (size === 126) [size, start] = [bytes.readUInt16BE(at + 2), at + 4];
    else if (size === 127) [size, start] = [Number(bytes.readBigUInt64BE(at + 2)), at + 10];
    if ((bytes[at] & 0x0f) === 8) return size >= 2 ? bytes.readUInt16BE(start) : null;
    at = start + size;
  }
  return undefined;
}
