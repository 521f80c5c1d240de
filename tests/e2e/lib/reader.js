// A worker that reads one file over and over, as an impatient frontend would, and remembers every
// content that it ever saw. Post anything to it: it answers {contents, reads} and ends.
import fs from 'node:fs';
import {parentPort, receiveMessageOnPort, workerData} from 'node:worker_threads';

const contents = new Set();
let reads = 0;
while (receiveMessageOnPort(parentPort) === undefined) {
  try {
    contents.add(fs.readFileSync(workerData, 'utf8'));
    reads++;
  } catch (error) {
    if (error.code !== 'ENOENT') contents.add(error.code);
  }
}
parentPort.postMessage({contents: [...contents], reads});
