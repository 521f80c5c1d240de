// What a Node client's connections really are, told by Node itself and not by the client library.
//
//     const witness = watch();
//     witness.connection()      // of the last upgrade: {began, local, remote, proved}
//
// `began` is the monotonic clock, in milliseconds, just before it was connected: whoever had ended by
// then cannot be at its other end. `proved` says that a challenge was answered on it first.
import {subscribe} from 'node:diagnostics_channel';

export function watch() {
  const sockets = new WeakMap(); // socket: {began, proved}
  let upgraded;

  subscribe('net.client.socket', ({socket}) => {
    sockets.set(socket, {began: Number(process.hrtime.bigint()) / 1e6, proved: false});
  });
  subscribe('http.client.response.finish', ({request, response}) => {
    const known = sockets.get(request.socket);
    if (known && response.statusCode === 200 && request.path.startsWith('/health?challenge=')) known.proved = true;
  });
  subscribe('http.client.request.start', ({request}) => {
    if (!request.getHeader('upgrade')) return;
    const use = (socket) => (upgraded = {socket, ...sockets.get(socket)});
    if (request.socket) use(request.socket);
    else request.once('socket', use);
  });

  return {
    connection: () => {
      const {socket, began, proved} = upgraded;
      return {began, local: socket.localPort, remote: socket.remotePort, proved};
    },
  };
}
