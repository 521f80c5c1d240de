// The JavaScript client's types, as TypeScript reads its comments and its *.d.ts files.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {folder} from './lib/berth.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const tsc = at('node_modules/typescript/bin/tsc');
const check = (...args) =>
  spawnSync(process.execPath, [tsc, '--typeRoots', at('node_modules/@types'), ...args], {encoding: 'utf8'});

test('the client and its declarations are without an error', () => {
  const {status, stdout} = check('-p', at('../../clients/js'));
  assert.equal(stdout, '');
  assert.equal(status, 0);
});

test('a program that uses it wrongly hears of it', (t) => {
  const file = path.join(folder(t), 'program.mts');
  fs.writeFileSync(
    file,
    `import {connect} from ${JSON.stringify(at('../../clients/js/node.js'))};\n` +
      'connect({app: "assistant"}).send("hello");\n' +
      'connect({app: 5});\n',
  );
  const {status, stdout} = check('--noEmit', '--strict', '--module', 'nodenext', '--types', 'node', file);
  assert.notEqual(status, 0);
  assert.match(stdout, /program\.mts\(3,\d+\): error .*'number' is not assignable to type 'string'/);
  assert.doesNotMatch(stdout, /program\.mts\([12],/);
});
