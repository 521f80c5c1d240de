// The torture test's Node client: @berth/client, looking for its app all the time.
import {connect, find} from '../../clients/js/node.js';
import {converse} from './client-talk.js';
import {watch} from './witness.js';

const [app, portFile, path, first, count] = process.argv.slice(2);
const ports = Array.from({length: Number(count)}, (_, index) => Number(first) + index);
const where = {app, portFile, ports};

const FIND_MS = 2_000;
const HEARTBEAT_MS = 1_000;

const witness = watch();
let socket;
let tries = {};

function open() {
  const mine = connect({...where, path, heartbeatMs: HEARTBEAT_MS, on: (report) => mine === socket && heard(report)});
  socket = mine;
  mine.addEventListener('open', () => mine === socket && opened());
  mine.addEventListener('message', ({data}) => mine === socket && talk.came(data));
}

function heard({type, code, wait}) {
  tries[type] = (tries[type] ?? 0) + 1;
  if (type === 'lost') talk.lost(code);
  if (type === 'waiting') talk.waits(wait);
}

function opened() {
  talk.opened(socket.endpoint, witness.connection());
  talk.tries(tries);
  tries = {};
}

async function foundOnce() {
  try {
    return await find({...where, timeoutMs: FIND_MS});
  } catch (error) {
    if (!['NOT_FOUND', 'TIMEOUT'].includes(error.code)) throw error;
    return undefined;
  }
}

const talk = converse({
  send: (text) => socket.send(text),
  again: () => {
    socket.close();
    open();
  },
  find: foundOnce,
});
talk.begun();
open();
