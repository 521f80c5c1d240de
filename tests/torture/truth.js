// What is so, against what the clients say: who was connected to whom, and how long it took.
//
//     truth.serverWorks(server); truth.serverIsOut(server, at);     (as the driver makes it so)
//     truth.opened(client, event); truth.lost(client, event);       (as the client says)
//
// A client waits from the moment its server is out (or it looks anew), and the wait counts from the
// moment a server of its app works: what is measured is the time in which it could have been
// connected and was not. The causes of a wait are kept apart:
//
//     ready     there was no server at all, then one became ready (or went on after a SIGSTOP)
//     left      its server went, another one of the app was there
//     frozen    its server was stopped: from the moment when it gave that up
//     asked     it had itself closed, or begun, with a server there
//     dropped   it lost a server that was there all the time
export class Truth {
  constructor(report, log) {
    this.report = report;
    this.log = log;
    this.apps = new Map(); // name: {workers, since}
    this.instances = new Map(); // id: server
    this.suspects = []; // connections to instances that have not said their name yet
  }

  app(name) {
    if (!this.apps.has(name)) this.apps.set(name, {workers: new Set(), since: undefined, nameless: []});
    return this.apps.get(name);
  }

  /** When the app began to have a server that works, without a break since; undefined: it has none. */
  since(name) {
    return this.app(name).since;
  }

  serverWorks(server, at) {
    this.instances.set(server.instance, server);
    const app = this.app(server.app.name);
    if (app.workers.size === 0) app.since = at;
    app.workers.add(server);
  }

  /** Killed, or told to end, or stopped. Its clients wait from now on, when they can know of it. */
  serverIsOut(server, at, clients) {
    const app = this.app(server.app.name);
    app.workers.delete(server);
    if (app.workers.size === 0) app.since = undefined;
    if (server.stopped) return;
    if (server.state === 'starting') app.nameless.push(server);
    for (const client of clients) {
      if (client.server === server && client.state === 'open') this.waits(client, at, 'left');
    }
  }

  waits(client, at, cause) {
    if (client.waiting) return;
    client.waiting = {at, cause};
  }

  looks(client, event) {
    client.state = 'seeking';
    client.waiting = undefined;
    this.waits(client, event.at, 'asked');
  }

  lost(client, event) {
    client.state = 'seeking';
    const {stopped, ending, state} = client.server ?? {};
    const cause = stopped ? 'frozen' : ending || state === 'gone' ? 'left' : 'dropped';
    this.waits(client, event.at, cause);
    this.report.count(`lost, ${cause}`);
    this.log(`${Math.round(event.at)} ${client.name} lost ${client.server?.slot} (${event.code}), ${cause}`);
  }

  /** A connection is there, nothing has come over it yet. */
  upgraded(client, event) {
    client.connections.push(event);
    this.report.count(`connections, ${event.verdict}${event.proved ? '' : ', not proved on themselves'}`);
    if (!event.proved) this.report.wrong(client, event, 'nobody has proved himself on that connection');
  }

  opened(client, event) {
    client.state = 'open';
    this.report.count('connects');
    const {began, remote} = client.connections.at(-1) ?? {};
    client.server = this.identify(client, {...event, began, remote});
    this.measure(client, event);
    if (client.server?.ending) this.waits(client, client.server.goneAt, 'left');
  }

  measure(client, {at}) {
    const since = this.since(client.app);
    const {waiting} = client;
    client.waiting = undefined;
    if (!waiting || since === undefined) return; // the server has gone meanwhile
    const cause = since > waiting.at ? 'ready' : waiting.cause;
    const from = Math.max(since, waiting.at);
    this.report.sample(client, cause, Math.max(0, at - from));
    this.log(`${Math.round(at)} ${client.name} connected, ${cause}, from ${Math.round(from)}: ${Math.round(at - from)} ms`);
  }

  found(client, event) {
    this.report.count('finds');
    this.identify(client, event);
  }

  /** The server that a client says it has reached, when that is one of its app. */
  identify(client, event) {
    const server = this.instances.get(event.instance);
    if (!server) this.suspects.push({client, event});
    else if (server.app.name !== client.app) this.report.wrong(client, event, `that is a server of ${server.app.name}`);
    else if (server.port !== event.port) this.report.wrong(client, event, `that server is on port ${server.port}`);
    else if (event.began > server.exitedAt) this.report.wrong(client, event, `that server had exited at ${server.exitedAt}`);
    else if ((event.remote ?? event.port) !== event.port) this.report.wrong(client, event, 'the connection leads elsewhere');
    else return server;
    return undefined;
  }

  /** Those who were known to no one then: by now they are, or were killed before they could say so. */
  resolve() {
    const suspects = this.suspects.splice(0);
    for (const {client, event} of suspects) {
      if (this.instances.has(event.instance)) this.identify(client, event);
      else if (!this.mayBeNameless(client, event)) this.report.wrong(client, event, 'nobody ever started that instance');
    }
  }

  mayBeNameless(client, {at}) {
    return this.app(client.app).nameless.some(({startedAt, goneAt}) => startedAt < at && at < goneAt + 2_000);
  }
}
