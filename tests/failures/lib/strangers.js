// Those who answer on a port that our server once had, or may have: each in a way of its own.
import http from 'node:http';
import net from 'node:net';
import {atEnd} from '../../e2e/lib/atend.js';
import {listen} from '../../e2e/lib/ports.js';

/** Listens on both loopbacks, as our server does, and ends with the test. */
async function onBoth(t, port, make) {
  const sockets = new Set();
  const servers = [];
  const release = async () => {
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  };
  atEnd(t, release);
  for (const host of ['127.0.0.1', '::1']) {
    const server = make(host);
    server.on('connection', (socket) => {
      sockets.add(socket.on('error', () => {}));
      socket.on('close', () => sockets.delete(socket));
    });
    servers.push(await listen(server, port, host));
  }
  return {port, release};
}

const http200 = (answer) => () => http.createServer(answer);

function json(response, status, document) {
  response.writeHead(status, {'Content-Type': 'application/json'}).end(JSON.stringify(document));
}

async function fetched(url) {
  const answer = await fetch(url, {redirect: 'manual'});
  return {status: answer.status, document: await answer.json()};
}

/** A document of ours as it would be on another port. */
const moved = (document, port) => ({...document, port, ws: document.ws.replace(/:\d+/, `:${port}`)});

/**
 * What strangers do, by name. `real` is the origin of our server, which they may ask; `old` a
 * health document of ours, with its proof, from an earlier question.
 */
export const STRANGERS = {
  'says 200 to everything': () => http200((request, response) => response.end('OK')),
  'says 403 to everything': () => http200((request, response) => response.writeHead(403).end('AirTunes')),
  'sends back what it is sent': () => () => net.createServer((socket) => socket.pipe(socket)),
  'redirects to our server': ({real}) =>
    http200((request, response) => response.writeHead(302, {Location: real + request.url}).end()),
  'accepts and says nothing': () => () => net.createServer(() => {}),
  'resets every connection': () => () => net.createServer((socket) => socket.resetAndDestroy()),
  'never ends its answer': () =>
    http200((request, response) => {
      response.writeHead(200, {'Content-Type': 'application/json'});
      const timer = setInterval(() => response.write(' '.repeat(1000)), 20);
      response.on('close', () => clearInterval(timer));
    }),
  'has a copy of our document, without the proof': ({old, port}) =>
    http200((request, response) => json(response, 200, {...moved(old, port), proof: undefined})),
  'has a copy of our document, with an old proof': ({old, port}) =>
    http200((request, response) => json(response, 200, moved(old, port))),
  'has a copy of our document, and no key': ({old, port}) =>
    http200((request, response) =>
      json(response, 200, {...moved(old, port), proof: undefined, public_key: undefined}),
    ),
  'asks our server, and passes its answer on': ({real}) =>
    http200(async (request, response) => {
      const {status, document} = await fetched(real + request.url);
      json(response, status, document);
    }),
  'passes our server’s answer on, under its own port': ({real, port}) =>
    http200(async (request, response) => {
      const {status, document} = await fetched(real + request.url);
      json(response, status, moved(document, port));
    }),
};

/** Puts the stranger of this name on a port. */
export function stranger(t, name, port, facts) {
  return onBoth(t, port, STRANGERS[name]({...facts, port}));
}

/** Somebody who writes down every byte that comes, and answers as `answer` says. */
export async function recorder(t, port, answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK') {
  const bytes = [];
  const {release} = await onBoth(t, port, () =>
    net.createServer((socket) =>
      socket.on('data', (data) => {
        bytes.push(data);
        socket.write(answer(data.toString('latin1')));
      }),
    ),
  );
  return {
    release,
    get text() {
      return Buffer.concat(bytes).toString('latin1');
    },
  };
}
