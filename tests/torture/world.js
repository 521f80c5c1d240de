// The driver: carries out the schedule, on the real servers, clients, squatters and files.
import fs from 'node:fs';
import path from 'node:path';
import {randomBytes} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {APPS, CLIENTS, appOf} from './cast.js';
import {Client} from './client.js';
import {Files} from './files.js';
import {now} from './processes.js';
import {Server, configuration, routeOf} from './server.js';
import {Squatters} from './squatters.js';
import {Truth} from './truth.js';

const HEAL_MS = 10_000; // for a server to become ready
const ECHO_MS = 1_000; // for a message to come back, in the quiet
const END_MS = 10_000;

export class World {
  /**
   * @param options program: the berth to test; range: {first, count}; folder: where it all happens;
   *     clients: {native, node}, each (app) => {command, args}; log: hears a line for each step
   * @param report where the results go
   */
  constructor(options, report) {
    Object.assign(this, options, {report});
    this.truth = new Truth(report, this.log);
    this.secret = randomBytes(8).toString('hex');
    this.servers = new Map(); // slot: the last server there
    this.files = new Map();
    this.captured = new Map(); // port, or app: what was answered there last
    this.lastPorts = new Map(); // slot: the port that it had last
    this.fooled = []; // what squatters said of it, until it is told
    this.env = environment(this.folder);
    this.squatters = new Squatters((event) => this.squatterSaw(event));
    for (const app of APPS) this.prepare(app);
  }

  prepare(app) {
    const folder = path.join(this.folder, app.name);
    fs.mkdirSync(folder, {recursive: true});
    fs.writeFileSync(path.join(folder, 'conf.yaml'), configuration(this.range, app, this.secret));
    this.files.set(app.name, new Files(this.folder, app.name));
  }

  // --- Clients -------------------------------------------------------------------------------

  startClients() {
    const on = {
      hello: (client, event) => this.truth.looks(client, event),
      again: (client, event) => this.truth.looks(client, event),
      upgraded: (client, event) => this.truth.upgraded(client, event),
      open: (client, event) => this.truth.opened(client, event),
      lost: (client, event) => this.truth.lost(client, event),
      found: (client, event) => this.truth.found(client, event),
      missing: () => this.report.count('finds in vain'),
      echo: (client, event) => (client.echoed = event.text),
      garbled: (client, event) => this.report.wrong(client, event, 'another message came back'),
      waits: () => {},
      tries: (client, {event, at, ...tries}) => Object.entries(tries).forEach(([what, number]) => this.report.count(`search: ${what}`, number)),
      gone: (client) => client.fault && this.report.fail('fault', `${client.name}: ${client.fault}`),
    };
    this.clients = CLIENTS.map((one) => {
      const target = {app: one.app, folder: path.join(this.folder, one.app), route: routeOf(one.app, this.secret), range: this.range};
      return new Client({...one, ...this.commands[one.kind](target), env: this.env, cwd: this.folder, on});
    });
    this.report.count('clients', this.clients.length);
  }

  client(name) {
    return this.clients.find((client) => client.name === name);
  }

  // --- The schedule --------------------------------------------------------------------------

  /** A storm, then the quiet. */
  async round({steps, stormMs, quietMs}) {
    const begin = now();
    for (const step of steps) {
      await sleep(Math.max(0, begin + step.at - now()));
      this.take(step);
    }
    await sleep(Math.max(0, begin + stormMs - now()));
    await this.quiet(quietMs);
  }

  take(step) {
    Promise.resolve(this[`do_${step.do}`](step)).then((done) => {
      const name = step.what ?? (step.kind ? `squat ${step.kind}` : step.do);
      this.report.step(name, done);
      this.log(`${Math.round(now())} ${JSON.stringify(step)}${done ? '' : ' in vain'}`);
    });
  }

  do_start({slot}) {
    const last = this.servers.get(slot);
    if (last && last.state !== 'gone') return false;
    const on = {ready: (server) => this.serverReady(server), gone: (server) => this.serverGone(server)};
    this.servers.set(slot, new Server({...this, app: appOf(slot), slot, on}));
    return true;
  }

  /** The server that lives in the slot; undefined when there is none. */
  living(slot) {
    const server = this.servers.get(slot);
    return server && server.state !== 'gone' && !server.ending ? server : undefined;
  }

  do_kill({slot}) {
    return this.endServer(slot, 'SIGKILL');
  }

  do_term({slot}) {
    return this.endServer(slot, 'SIGTERM');
  }

  endServer(slot, signal) {
    const server = this.living(slot);
    if (!server || (signal === 'SIGTERM' && server.stopped)) return false;
    this.files.get(server.app.name).remember();
    server.end(signal);
    server.stopped = false;
    this.truth.serverIsOut(server, server.goneAt, this.clients);
    return true;
  }

  do_stop({slot}) {
    const server = this.living(slot);
    if (!server || server.stopped) return false;
    server.stop();
    this.truth.serverIsOut(server, now(), this.clients);
    return true;
  }

  do_cont({slot}) {
    const server = this.living(slot);
    if (!server?.stopped) return false;
    server.cont();
    if (server.works) this.truth.serverWorks(server, now());
    return true;
  }

  /** On the port that a server left; or on the first free one of the range from some place on. */
  async do_squat({post, kind, family, port}) {
    const {first, count} = this.range;
    const [where, which] = port.split('-').slice(-2);
    const left = [this.lastPorts.get(which)].filter(Boolean);
    const ports = where === 'by' ? left : Array.from({length: count}, (_, index) => first + ((Number(which) + index) % count));
    const works = [...this.servers.values()].filter((server) => server.works);
    const target = works[post % works.length]?.port;
    for (const number of ports) {
      const captured = this.captured.get(number) ?? this.captured.get('last');
      if (await this.squatters.hold({post, kind, family, port: number, captured, target})) return true;
    }
    return false;
  }

  do_leave({post}) {
    return this.squatters.leave(post);
  }

  do_harm({what, app, which}) {
    return this.files.get(app).harm(what, which);
  }

  do_again({client}) {
    return this.client(client).tell('again');
  }

  do_find({client}) {
    return this.client(client).tell('find');
  }

  // --- What happens --------------------------------------------------------------------------

  async serverReady(server) {
    this.report.count('servers ready');
    this.log(`${Math.round(server.readyAt)} ${server.slot} ready on ${server.port}, pid ${server.pid}`);
    this.lastPorts.set(server.slot, server.port);
    if (server.stopped) this.truth.instances.set(server.instance, server);
    else this.truth.serverWorks(server, server.readyAt);
    this.files.get(server.app.name).remember();
    const captured = await server.capture();
    if (!captured) return;
    if (isUnprovable(captured.proved, server)) this.report.fail('fault', `server ${server.slot} has no identity:\n${server.process.log}`);
    this.captured.set(server.port, captured);
    this.captured.set('last', captured);
  }

  serverGone(server) {
    if (server.instance) this.truth.instances.set(server.instance, server);
    if (server.sentAway) this.report.count('starts sent away: already running');
    if (!server.ending && !server.sentAway) this.truth.serverIsOut(server, server.goneAt, this.clients);
    if (server.fault) this.report.fail('fault', `server ${server.slot}: ${server.fault}`);
  }

  squatterSaw({event, ...details}) {
    const text = JSON.stringify(details);
    if (event === 'secret') this.report.fail('secret shown', text);
    else if (event === 'fooled') this.fooled.push(details);
    else this.report.count('squatters asked for a WebSocket');
  }

  /** Told late: whose connection it was, the client says by another way. */
  tellFooled() {
    for (const details of this.fooled.splice(0)) {
      const lines = this.clients.flatMap(({name, connections}) =>
        connections
          .filter(({local, remote}) => local === details.from && remote === details.port)
          .map((connection) => `${name}: ${JSON.stringify(connection)}`),
      );
      this.report.fail('wrong server', [`a squatter was used as a server: ${JSON.stringify(details)}`, ...lines].join('\n    '));
    }
  }

  // --- The quiet -----------------------------------------------------------------------------

  /** Nothing is done to anybody, every app has a server: who is not connected by the end is left out. */
  async quiet(ms) {
    await this.heal();
    await sleep(ms);
    for (const client of this.clients) client.tell(`say ${this.secret}-${Math.round(now())}`);
    for (const client of this.clients) client.echoed = undefined;
    for (const end = now() + ECHO_MS; now() < end && this.clients.some(leftOut); ) await sleep(10);
    this.truth.resolve();
    this.tellFooled();
    for (const client of this.clients.filter(leftOut)) this.report.fail('left out', this.story(client));
    this.report.count('quiet checks', this.clients.length);
  }

  async heal() {
    const end = now() + HEAL_MS;
    while (APPS.some(({name}) => this.truth.since(name) === undefined)) {
      for (const app of APPS) if (this.truth.since(app.name) === undefined) this.healApp(app);
      await sleep(20);
      if (now() < end) continue;
      this.report.fail('fault', 'an app had no server that became ready in time');
      return;
    }
  }

  healApp({slots}) {
    const living = slots.map((slot) => this.living(slot)).filter(Boolean);
    if (living.some((server) => !server.stopped)) return; // it is on its way
    if (living.length > 0) this.do_cont(living[0]);
    else this.do_start({slot: slots.find((slot) => (this.servers.get(slot)?.state ?? 'gone') === 'gone') ?? slots[0]});
  }

  /** All that may explain it. */
  story(client) {
    const servers = appOf(`${client.app.at(-1)}1`).slots.map((slot) => this.servers.get(slot)).filter(Boolean);
    const lines = servers.map(({slot, pid, instance, port, state, stopped, ending}) => JSON.stringify({slot, pid, instance, port, state, stopped, ending}));
    const held = [...this.squatters.taken].map(([post, port]) => `${post}:${port}`).join(' ');
    const said = client.said.map((event) => JSON.stringify(event));
    return [`${client.name} at ${Math.round(now())}; squatters ${held}`, ...lines, ...said].join('\n    ');
  }

  async end() {
    const all = [...this.clients, ...this.servers.values()];
    for (const client of this.clients) client.end();
    for (const server of this.servers.values()) {
      if (server.state === 'gone') continue;
      server.end('SIGTERM');
      server.process.kill('SIGCONT');
    }
    const late = sleep(END_MS, 'late', {ref: false});
    if ((await Promise.race([Promise.all(all.map(({process}) => process.exited)), late])) === 'late') {
      for (const {process} of all) if (process.exitCode === null) process.kill('SIGKILL');
      this.report.fail('fault', 'not everybody ended when told to');
    }
    await this.squatters.end();
    this.tellFooled();
  }
}

/** What an impostor could say as well: its own health document, without a key. */
function isUnprovable(text, {instance}) {
  try {
    const health = JSON.parse(text);
    return health.instance === instance && !health.public_key;
  } catch {
    return false; // the answer of whoever has the port by now
  }
}

function leftOut(client) {
  return client.state !== 'open' || !client.server?.works || client.echoed === undefined;
}

function environment(folder) {
  for (const name of ['home', 'run', 'state']) fs.mkdirSync(path.join(folder, name), {recursive: true, mode: 0o700});
  return {
    PATH: process.env.PATH,
    LANG: 'C.UTF-8',
    HOME: path.join(folder, 'home'),
    XDG_RUNTIME_DIR: path.join(folder, 'run'),
    XDG_STATE_HOME: path.join(folder, 'state'),
    ASAN_OPTIONS: 'detect_leaks=1:exitcode=99',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  };
}
