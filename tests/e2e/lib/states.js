// A worker that reads all the records of a folder over and over, and remembers in which order it
// saw an instance in which state, and every content that was not a whole object. It posts a message
// when it has begun. Post anything to it: it answers {states: {instance: [...]}, broken, reads} and
// ends.
import fs from 'node:fs';
import path from 'node:path';
import {parentPort, receiveMessageOnPort, workerData} from 'node:worker_threads';

const states = {};
const broken = [];
let reads = 0;

function names() {
  try {
    return fs.readdirSync(workerData).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
  } catch {
    return [];
  }
}

function note(text) {
  const record = JSON.parse(text);
  const seen = (states[record.instance] ??= []);
  if (seen.at(-1) !== record.state) seen.push(record.state);
  reads++;
}

parentPort.postMessage('begun');
while (receiveMessageOnPort(parentPort) === undefined) {
  for (const name of names()) {
    let text;
    try {
      text = fs.readFileSync(path.join(workerData, name), 'utf8');
    } catch {
      continue; // it was withdrawn in between
    }
    try {
      note(text);
    } catch {
      broken.push(text);
    }
  }
}
parentPort.postMessage({states, broken, reads});
