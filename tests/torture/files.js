// What goes wrong with files: emptied, replaced by old copies, taken away.
//
//     const files = new Files(folder, 'torture-a');
//     files.remember();                        (after each change of the app: keeps copies)
//     files.harm('record-old', 417);           (false when there is nothing to harm)
//
// Every copy that is put back is one that a real server wrote once.
import fs from 'node:fs';
import path from 'node:path';

const COPIES = 40; // the newest ones of each kind that are kept

export class Files {
  constructor(folder, app) {
    this.portFile = path.join(folder, app, 'server_port.txt');
    this.recordFolder = path.join(folder, 'run', 'berth', app);
    this.stateFolder = path.join(folder, 'state', 'berth', app);
    this.ports = new Set(); // contents that the port file had
    this.records = new Map(); // content: the record that had it
    this.states = new Map(); // content: what is remembered from run to run
  }

  /** The identity is no copy of anything, and the lock has no content: these are left alone, and the
   *  drafts with them. A draft gets its name by a link: emptied before that, it is an empty identity
   *  for good, no server can prove itself, and clients go by the name. */
  stateFiles() {
    return filesIn(this.stateFolder).filter((file) => !/^(identity\.key|lock|\.draft-.*)$/.test(path.basename(file)));
  }

  recordFiles() {
    return filesIn(this.recordFolder).filter((file) => file.endsWith('.json'));
  }

  /** Keeps a copy of what stands there now. */
  remember() {
    const port = read(this.portFile);
    if (port) this.ports.add(port);
    keep(this.recordFiles(), this.records);
    keep(this.stateFiles(), this.states);
  }

  /** Does one of the HARMS of cast.js; `which` picks among the files and the copies. */
  harm(what, which) {
    const one = (list) => [...list][which % [...list].length];
    const record = one(this.recordFiles());
    const state = one(this.stateFiles());
    const [content, file] = one(this.records) ?? [];
    const [stateContent, stateFile] = one(this.states) ?? [];
    try {
      switch (what) {
        case 'port-empty':
          return empty(this.portFile);
        case 'port-old':
          return replace(this.portFile, one(this.ports));
        case 'record-empty':
          return empty(record);
        case 'record-old': // another file in its place
          return replace(record, content);
        case 'record-over': // the same file, whose lock is held, says something else
          return overwrite(record, content);
        case 'record-ghost': // one that was withdrawn, or said something else, is back
          return replace(file, content);
        case 'record-gone':
          return remove(record);
        case 'state-empty':
          return empty(state);
        case 'state-old':
          return replace(stateFile, stateContent);
        default:
          throw new TypeError(`no such harm: ${what}`);
      }
    } catch (error) {
      if (error.code === 'ENOENT') return false; // it went in this moment
      throw error;
    }
  }
}

function filesIn(folder) {
  try {
    return fs.readdirSync(folder).map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

/** The newest copies, the oldest first. */
function keep(files, copies) {
  for (const file of files) {
    const content = read(file);
    if (content) copies.set(content, file);
  }
  for (const content of [...copies.keys()].slice(0, -COPIES)) copies.delete(content);
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

// Each says whether there was anything to do.

function empty(file) {
  if (!file || !fs.existsSync(file)) return false;
  fs.truncateSync(file);
  return true;
}

function remove(file) {
  if (!file) return false;
  fs.unlinkSync(file);
  return true;
}

function overwrite(file, content) {
  if (!file || !content) return false;
  fs.writeFileSync(file, content);
  return true;
}

function replace(file, content) {
  if (!file || !content) return false;
  const temporary = `${file}.old`;
  fs.writeFileSync(temporary, content, {mode: 0o600});
  fs.renameSync(temporary, file);
  return true;
}
