// What is published on disk, as it stands there and as the program reads it.
import fs from 'node:fs';
import path from 'node:path';
import {berth} from '../../e2e/lib/berth.js';

/** The folder of an app's records, for servers that run in `dir`. */
export const recordFolder = (dir, app = 'e2e') => path.join(dir, 'run/berth', app);

/** Every record in the folder, dead or alive: {file, …what it says}. */
export function recordsIn(dir, app) {
  const folder = recordFolder(dir, app);
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => ({file: path.join(folder, name), ...JSON.parse(fs.readFileSync(path.join(folder, name), 'utf8'))}));
}

/** Puts a record there that nobody holds, as a crash would leave it; gives its file. */
export function plantRecord(dir, record) {
  const folder = recordFolder(dir, record.app);
  fs.mkdirSync(folder, {recursive: true, mode: 0o700});
  const file = path.join(folder, `${record.instance}.json`);
  fs.writeFileSync(file, JSON.stringify(record), {mode: 0o600});
  return file;
}

/** What `berth list` says runs. */
export async function listed(t, dir) {
  return JSON.parse((await berth(t, ['list', '--json'], {dir})).stdout);
}

/** Ends a server as a crash would. */
export async function crash(server) {
  server.process.kill('SIGKILL');
  await server.exited;
  server.checked = true;
}
