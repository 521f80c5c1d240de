// One client program, native or Node, which looks for its app all the time and says what it sees.
//
// It is told, a line each: `again` (close, and look anew), `find` (a search beside the connection),
// `say TEXT` (send it, and report the echo). It ends when its input does. It says, as JSON lines with
// `at` in milliseconds of the monotonic clock:
//
//     {"event":"hello"}      it looks for the first time
//     {"event":"again"}      it has closed, and looks anew
//     {"event":"upgraded","verdict":…,"instance":…,"began":…,"local":…,"remote":…,"proved":…}      it has
//         a connection between these two ports: begun no sooner than `began`, by the clock of `at`, and
//         `proved` when its peer proved itself on it before the upgrade (the naive client does not say)
//     {"event":"open","instance":…,"port":…}      connected, and its first message came back
//     {"event":"lost","code":…}
//     {"event":"echo","text":…}      what `say` sent has come back
//     {"event":"found","instance":…,"port":…,"since":…} or {"event":"missing","error":…}
//     {"event":"garbled","sent":…,"came":…}      another message came back than was sent
//     {"event":"waits","ms":…}      until its next search; the Node client says so
//     {"event":"tries","candidate":…,"stranger":…, …}      the events of its searches, counted
import {complaint, start} from './processes.js';

const KEPT = 30; // of the last things that it said, for those who ask why

export class Client {
  /** `on` is a function for each event above, and `gone`; each with this client first. */
  constructor({command, args, env, cwd, name, kind, app, on}) {
    Object.assign(this, {name, kind, app, said: [], connections: [], state: 'seeking'});
    this.process = start(command, args, {env, cwd, stdin: 'pipe', onLine: (line) => this.hear(line, on)});
    this.process.exited.then((exit) => {
      this.state = 'gone';
      this.fault = complaint(this.process);
      if (!this.ending) this.fault ??= `it ended by itself (${exit.signal ?? exit.code}):\n${this.process.log}`;
      on.gone(this);
    });
  }

  hear(line, on) {
    const event = JSON.parse(line);
    this.said = [...this.said, event].slice(-KEPT);
    on[event.event](this, event);
  }

  tell(line) {
    this.process.stdin.write(`${line}\n`);
    return this.state !== 'gone';
  }

  end() {
    this.ending = true;
    this.process.stdin.end();
  }
}
