// One run of the program as a server of an app, from its start to its end.
import http from 'node:http';
import {randomBytes} from 'node:crypto';
import path from 'node:path';
import {complaint, now, start} from './processes.js';

const ALREADY_RUNNING = 4; // the exit code that INSTANCE: single gives

/** What a server's configuration says; `secret` makes a path that no other app's server has. */
export function configuration({first}, app, secret) {
  return [
    `SERVER_PORT: ${first}`,
    'BERTH:',
    `  APP: ${app.name}`,
    `  INSTANCE: ${app.instance}`,
    `  PORT_TRIES: ${app.tries}`,
    '  ROUTES:',
    '    /client-ws: echo',
    `    ${routeOf(app.name, secret)}: echo`,
    '',
  ].join('\n');
}

/** The path that only this app's servers upgrade. */
export function routeOf(app, secret) {
  return `/${app}-${secret}`;
}

export class Server {
  /** `on` hears `ready` and `gone`, with this server. */
  constructor({program, folder, env, app, slot, on}) {
    Object.assign(this, {app, slot, state: 'starting', stopped: false, ending: false});
    this.startedAt = now();
    this.process = start(program, ['serve', path.join(folder, app.name, 'conf.yaml'), '--json'], {
      cwd: path.join(folder, app.name),
      env,
      onLine: (line) => this.hear(line, on),
    });
    this.process.exited.then((exit) => this.left(exit, on));
  }

  get pid() {
    return this.process.pid;
  }

  get works() {
    return this.state === 'ready' && !this.stopped && !this.ending;
  }

  hear(line, on) {
    const record = JSON.parse(line);
    if (record.event !== 'ready') return;
    Object.assign(this, {instance: record.instance, port: record.port, readyAt: now()});
    if (this.ending) return; // it was killed with the word on its lips
    this.state = 'ready';
    on.ready(this);
  }

  left({code, signal}, on) {
    this.state = 'gone';
    this.goneAt ??= now();
    this.exitedAt = now();
    const sent = this.app.instance === 'single' && code === ALREADY_RUNNING;
    this.sentAway = sent && !this.ending;
    this.fault = complaint(this.process);
    if (!this.ending && !sent) this.fault ??= `it ended by itself (${signal ?? code}):\n${this.process.log}`;
    on.gone(this);
  }

  /** SIGKILL, or SIGTERM: the end, wished for. */
  end(signal) {
    this.ending = true;
    this.goneAt = now();
    this.process.kill(signal);
  }

  stop() {
    this.stopped = true;
    this.process.kill('SIGSTOP');
  }

  cont() {
    this.stopped = false;
    this.process.kill('SIGCONT');
  }

  /** The answers of this server that an impostor will give again. Nothing when it went first. */
  async capture() {
    try {
      const challenge = randomBytes(32).toString('base64url');
      return {health: await this.ask('/health'), proved: await this.ask(`/health?challenge=${challenge}`)};
    } catch {
      return undefined;
    }
  }

  ask(target) {
    return new Promise((resolve, reject) => {
      const request = http.get({host: '127.0.0.1', port: this.port, path: target, agent: false, timeout: 2_000}, async (response) => {
        try {
          resolve(Buffer.concat(await response.toArray()).toString());
        } catch (error) {
          reject(error);
        }
      });
      request.on('error', reject).on('timeout', () => request.destroy(new Error('no answer')));
    });
  }
}
