// How Node reads bytes as HTTP requests: its own server, fed through a stream, without a socket.
import http from 'node:http';
import {Duplex} from 'node:stream';
import {setImmediate as turn} from 'node:timers/promises';

const server = http.createServer({insecureHTTPParser: false, requireHostHeader: true, maxHeaderSize: 16384, keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0});
server.maxHeadersCount = 0;
server.timeout = 0;

/** A connection on which these bytes come, and then FIN. */
class Peer extends Duplex {
  requests = [];
  error = undefined;
  answered = '';
  _read() {}
  _write(chunk, encoding, done) {
    this.answered += chunk.toString('latin1');
    done();
  }
  setTimeout() {}
}

function begin(req, last) {
  const seen = {
    method: req.method,
    target: req.url,
    minor: Number(req.httpVersion.split('.')[1]),
    headers: req.rawHeaders,
    body: '',
    last,
    whole: false,
  };
  req.socket.requests.push(seen);
  return seen;
}

function take(req, res) {
  const seen = begin(req, false);
  req.setEncoding('latin1').on('data', (text) => (seen.body += text)).on('error', () => {});
  req.on('end', () => {
    seen.whole = true;
    seen.last = !res.shouldKeepAlive;
    res.end();
  });
}

const leave = (req, socket) => {
  begin(req, true).whole = true;
  socket.destroy();
};

server.on('request', take).on('checkContinue', take).on('checkExpectation', take);
server.on('upgrade', leave).on('connect', leave);
// The requests before what is wrong are still under way: readAsNode destroys the socket when they are done.
server.on('clientError', (error, socket) => void (socket.error ??= error.code ?? error.message));

/** {requests, end}: end is "idle", or "fail" and Node's name for what is wrong. */
export async function readAsNode(bytes) {
  const peer = new Peer({allowHalfOpen: true});
  peer.on('error', () => {});
  server.emit('connection', peer);
  peer.push(bytes);
  for (let turns = 0; turns < 6; turns++) await turn();
  if (!peer.destroyed) peer.push(null);
  for (let turns = 0; turns < 4; turns++) await turn();
  peer.destroy();
  const refused = /^HTTP\/1\.1 400 /.test(peer.answered) || /\r\nHTTP\/1\.1 400 /.test(peer.answered);
  return {requests: peer.requests, end: peer.error ? `fail ${peer.error}` : refused ? 'fail 400' : 'idle'};
}
