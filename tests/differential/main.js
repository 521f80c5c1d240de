#!/usr/bin/env node
// Berth and Node's own parser read the same bytes. Where they differ, differences.json has to say why.
//
//     BERTH_HTTP_READ=build/test/tests/differential/berth_http_read tests/differential/main.js [--show RULE] [COUNT] [SEED]
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import {parseArgs} from 'node:util';
import {corpus, mutations, vectors} from './inputs.js';
import {readAsNode} from './node.js';

const {values, positionals} = parseArgs({allowPositionals: true, options: {show: {type: 'string'}}});
const [count, seed] = [Number(positionals[0] ?? 6000), Number(positionals[1] ?? 20260103)];
const rules = JSON.parse(fs.readFileSync(new URL('./differences.json', import.meta.url), 'utf8')).map((rule) => ({
  ...rule,
  used: 0,
  when: Object.entries(rule.when).map(([what, text]) => [what, new RegExp(text, 'si')]),
}));

function readAsBerth(inputs) {
  const program = process.env.BERTH_HTTP_READ;
  const sized = inputs.flatMap(({bytes}) => {
    const head = Buffer.alloc(4);
    head.writeUInt32LE(bytes.length);
    return [head, bytes];
  });
  const run = spawnSync(program, {input: Buffer.concat(sized), maxBuffer: 1 << 30});
  if (run.status !== 0) throw new Error(`${program}: ${run.error ?? run.stderr}`);
  return run.stdout.toString('latin1').trimEnd().split('\n').map((line) => JSON.parse(line));
}

/** What is compared, as text: a connection that is cut short in a message is no reader's opinion. */
const CUT = /^fail (400 the connection ended inside a message|HPE_INVALID_EOF_STATE|ECONNRESET)$/;
const endOf = ({end}) => (CUT.test(end) ? 'cut' : end.startsWith('fail') ? 'fail' : end);

/** Where the two part: the number of the request and what of it, or the end; undefined for nowhere. */
function difference(berth, node) {
  for (let i = 0; i < Math.max(berth.requests.length, node.requests.length); i++) {
    const [ours, theirs] = [berth.requests[i], node.requests[i]];
    if (!ours || !theirs) return {where: ours ? 'berth has a request more' : 'node has a request more', berth: berth.end, node: node.end};
    for (const part of ['method', 'target', 'minor', 'body', 'whole', 'last'])
      if (ours[part] !== theirs[part] && (part !== 'last' || (ours.whole && theirs.whole)))
        return {where: part, berth: `${ours[part]} ${berth.end}`, node: `${theirs[part]} ${node.end}`};
    if (JSON.stringify(ours.headers) !== JSON.stringify(theirs.headers))
      return {where: 'headers', berth: JSON.stringify(ours.headers), node: JSON.stringify(theirs.headers)};
    if (ours.last) return undefined; // what is behind it is nobody's request
  }
  if (endOf(berth) !== endOf(node)) return {where: 'end', berth: berth.end, node: node.end};
  return undefined;
}

const stored = [...vectors(), ...corpus()];
const inputs = [...stored, ...mutations(stored, count, seed)];
const ours = readAsBerth(inputs);
const unexplained = new Map();
let [different, accepted] = [0, 0];
for (const [i, {name, bytes}] of inputs.entries()) {
  const node = await readAsNode(bytes);
  accepted += ours[i].requests.some(({whole}) => whole);
  const found = difference(ours[i], node);
  if (!found) continue;
  different++;
  const facts = {...found, input: bytes.toString('latin1')};
  const rule = rules.find((candidate) => candidate.when.every(([what, pattern]) => pattern.test(facts[what])));
  if (rule) rule.used++;
  if (rule ? rule.id === values.show : !values.show) {
    const key = `${found.where} | berth: ${found.berth} | node: ${found.node}`.slice(0, 200);
    if (!unexplained.has(key)) unexplained.set(key, []);
    unexplained.get(key).push(`${name}: ${JSON.stringify(facts.input.slice(0, 300))}`);
  }
}

console.log(`${inputs.length} inputs, ${accepted} with a request in them; ${different} read differently`);
for (const {id, used} of rules) console.log(`${String(used).padStart(6)}  ${id}`);
for (const [key, names] of [...unexplained].sort((a, b) => b[1].length - a[1].length))
  console.log(`\n${values.show ? '' : 'NOT EXPLAINED: '}${key} (${names.length})\n    ${names.slice(0, 3).join('\n    ')}`);
// No failure: another version of Node may have changed its mind.
for (const {id, used} of rules) if (used === 0) console.log(`\nA rule that explains nothing here: ${id}`);
const enough = inputs.length >= 1000 && accepted >= inputs.length / 10;
if (!enough) console.log('Too few inputs, or hardly one with a request in it: this says nothing.');
if (!values.show) process.exitCode = unexplained.size > 0 || !enough ? 1 : 0;
process.exit();
