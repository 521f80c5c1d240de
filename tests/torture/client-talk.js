// What the Node clients say to the driver and hear from it; client.js has the words.
//
//     const talk = converse({send, again, find});
//     talk.begun(); … talk.opened({instance, port, verdict}, connection); talk.came(text); talk.lost(code);
//
// A connection counts as open when a first message of ours has come back over it.
import readline from 'node:readline';

const EVERY_MS = 250;

function say(event, details) {
  const at = Number(process.hrtime.bigint()) / 1e6;
  process.stdout.write(`${JSON.stringify({event, at, ...details})}\n`);
}

/** `send(text)`, `again()`, and `find()`, which gives {instance, port} or undefined. */
export function converse({send, again, find}) {
  let state = 'seeking';
  let found;
  let number = 0;
  const sent = []; // what has to come back, in order
  const asked = new Set(); // what the driver wants to hear of

  const ask = (text) => {
    if (state === 'seeking') return;
    sent.push(text);
    send(text);
  };
  const forget = () => {
    const was = state;
    state = 'seeking';
    sent.length = 0;
    return was;
  };
  const commands = {
    say: (text) => asked.add(text) && ask(text),
    again: () => {
      forget();
      say('again');
      again();
    },
    find: async () => {
      const since = Number(process.hrtime.bigint()) / 1e6;
      const one = await find();
      if (one) say('found', {since, instance: one.instance, port: one.port});
      else say('missing', {since});
    },
  };
  setInterval(() => ask(`message ${++number}`), EVERY_MS);
  readline
    .createInterface({input: process.stdin})
    .on('line', (line) => {
      const [word, rest] = line.split(/ (.*)/);
      commands[word](rest);
    })
    .on('close', () => process.exit(0));

  return {
    begun: () => say('hello'),
    /** `connection`: what witness.js saw of it; nothing from those who have no witness. */
    opened(endpoint, connection) {
      found = endpoint;
      if (connection) say('upgraded', {verdict: found.verdict, instance: found.instance, ...connection});
      state = 'greeting';
      ask(`hello ${process.pid} ${++number}`);
      return true;
    },
    came(text) {
      const expected = sent.shift();
      if (text !== expected) say('garbled', {sent: expected, came: text});
      if (state === 'greeting') say('open', {instance: found.instance, port: found.port});
      state = 'open';
      if (asked.delete(text)) say('echo', {text});
    },
    /** The connection is gone. True, for those who go on with `&&`. */
    lost(code) {
      if (forget() === 'open') say('lost', {code});
      return true;
    },
    waits: (ms) => say('waits', {ms}),
    tries: (counts) => say('tries', counts),
  };
}
