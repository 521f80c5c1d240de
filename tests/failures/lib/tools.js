// The small C programs of this folder, compiled when a test first asks for one.
import {execFileSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

const FLAGS = ['-std=c17', '-D_GNU_SOURCE', '-O1', '-Wall', '-Wextra', '-Werror'];

let folder;
function made(name, output, ...flags) {
  if (!folder) {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'berth-tools-'));
    fs.chmodSync(folder, 0o755);
    process.on('exit', () => fs.rmSync(folder, {recursive: true, force: true}));
  }
  const file = path.join(folder, output);
  if (!fs.existsSync(file)) {
    const source = fileURLToPath(new URL(`./${name}.c`, import.meta.url));
    execFileSync('cc', [...FLAGS, ...flags, '-o', file, source]);
  }
  return file;
}

/** The path of a program: lib/NAME.c. */
export function tool(name) {
  return made(name, name);
}

/** The environment that loads lib/shim.c into a program: shim({STOP: 'renameat 1'}). */
export function shim(rules) {
  const named = Object.entries(rules).map(([name, value]) => [`SHIM_${name}`, value]);
  return {
    LD_PRELOAD: made('shim', 'shim.so', '-shared', '-fPIC'),
    // The sanitizer wants to be the first library; that the shim comes before it does no harm.
    ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:verify_asan_link_order=0',
    ...Object.fromEntries(named),
  };
}
