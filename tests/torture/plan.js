// The schedule: all that will be done, and when, from a seed. Nothing here knows what really
// happens, so that the same seed always gives the same schedule.
//
//     const {rounds} = plan({seed: 7, seconds: 60});
//     rounds[0].steps[0]      // {at: 35, do: 'start', slot: 'b2'}
//
// A run is a number of rounds. In each a storm of steps, at times counted from the storm's start,
// and then the quiet, in which every client has to reach its app.
import {APPS, CLIENTS, HARMS, POSTS, RANGE, SQUATTERS} from './cast.js';
import {Random} from './random.js';

const ROUND_MS = 20_000;
const QUIET_MS = 5_000; // and a second for what comes before and after it
const QUIET_COST_MS = QUIET_MS + 1_000;
const PAUSE_MS = [10, 220];

/** How often each kind of step is chosen, where it is possible at all. */
const WEIGHTS = {start: 7, kill: 3, term: 1, stop: 1.5, cont: 3, wipe: 1.2, squat: 4, leave: 1.5, harm: 4, again: 2, find: 2};

/** The rounds of a run of so many seconds. At least one, however short. */
export function plan({seed, seconds}) {
  const count = Math.max(1, Math.round((seconds * 1000) / ROUND_MS));
  const storm = Math.max(1_000, (seconds * 1000) / count - QUIET_COST_MS);
  const planner = new Planner(seed);
  const rounds = Array.from({length: count}, () => ({steps: planner.storm(storm), stormMs: storm, quietMs: QUIET_MS}));
  return {seed, seconds, rounds};
}

/** One line for each step, as --plan prints them. */
export function describe({seed, seconds, rounds}) {
  const lines = [`seed ${seed}, ${seconds} s, ${rounds.length} rounds`];
  rounds.forEach(({steps, stormMs, quietMs}, index) => {
    lines.push(`round ${index + 1}: ${steps.length} steps in ${stormMs} ms, then ${quietMs} ms of quiet`);
    for (const {at, do: action, ...rest} of steps) {
      const details = Object.entries(rest).map(([key, value]) => `${key}=${value}`);
      lines.push(`${String(at).padStart(6)} ${action} ${details.join(' ')}`);
    }
  });
  return lines.join('\n');
}

/** What the schedule believes to be so: which slots run, which posts are taken. */
class Planner {
  constructor(seed) {
    this.random = new Random(seed);
    this.slots = new Map(APPS.flatMap(({slots}) => slots).map((slot) => [slot, 'down']));
    this.posts = Array(POSTS).fill(false);
    this.later = []; // what will be believed of a slot, and when
    this.steps = [];
  }

  storm(duration) {
    this.steps = [];
    for (let at = 0; ; ) {
      at += this.random.between(...PAUSE_MS);
      if (at >= duration) break;
      this.believe(at);
      this.step(at, duration);
    }
    this.believe(Infinity);
    this.settle();
    return this.steps.sort((a, b) => a.at - b.at);
  }

  believe(at) {
    for (const {slot, state} of this.later.filter((change) => change.at <= at)) this.slots.set(slot, state);
    this.later = this.later.filter((change) => change.at > at);
  }

  step(at, end) {
    const choices = Object.entries(WEIGHTS).filter(([action]) => this.possible(action));
    const action = this.random.weighted(Object.fromEntries(choices));
    this[action](at, end);
  }

  possible(action) {
    switch (action) {
      case 'start':
        return this.inState('down').length > 0;
      case 'kill':
      case 'wipe':
        return this.inState('up', 'stopped').length > 0;
      case 'term':
      case 'stop':
        return this.inState('up').length > 0;
      case 'cont':
        return this.inState('stopped').length > 0;
      case 'squat':
        return this.posts.includes(false);
      case 'leave':
        return this.posts.includes(true);
      default:
        return true;
    }
  }

  running(slot) {
    return ['up', 'stopped'].includes(this.slots.get(slot));
  }

  inState(...states) {
    return [...this.slots].filter(([, state]) => states.includes(state)).map(([slot]) => slot);
  }

  add(at, action, details) {
    this.steps.push({at: Math.round(at), do: action, ...details});
  }

  move(at, action, slot, state) {
    this.slots.set(slot, state);
    this.add(at, action, {slot});
  }

  start(at) {
    this.move(at, 'start', this.random.pick(this.inState('down')), 'up');
  }

  /** Two of three that die have a squatter on their port a moment later. */
  kill(at) {
    const slot = this.random.pick(this.inState('up', 'stopped'));
    this.move(at, 'kill', slot, 'down');
    if (this.random.chance(2 / 3) && this.posts.includes(false)) this.squatOn(at + this.random.between(1, 40), `freed-by-${slot}`);
  }

  term(at) {
    this.move(at, 'term', this.random.pick(this.inState('up')), 'down');
  }

  stop(at) {
    this.move(at, 'stop', this.random.pick(this.inState('up')), 'stopped');
  }

  cont(at) {
    this.move(at, 'cont', this.random.pick(this.inState('stopped')), 'up');
  }

  /** All servers of an app at once, and one of them back after a while: every client waits for it. */
  wipe(at, end) {
    const app = this.random.pick(APPS.filter(({slots}) => slots.some((slot) => this.running(slot))));
    const back = Math.min(at + this.random.between(50, 2_000), end);
    const first = this.random.pick(app.slots);
    for (const slot of app.slots) {
      if (this.running(slot)) this.move(at, 'kill', slot, 'away');
      this.slots.set(slot, 'away');
      this.later.push({at: back, slot, state: slot === first ? 'up' : 'down'});
    }
    this.add(back, 'start', {slot: first});
  }

  squat(at) {
    this.squatOn(at, `range-${this.random.below(RANGE.count)}`);
  }

  squatOn(at, port) {
    const post = this.posts.indexOf(false);
    this.posts[post] = true;
    const family = this.random.weighted({both: 6, ipv4: 2, ipv6: 1});
    this.add(at, 'squat', {post, kind: this.random.pick(SQUATTERS), family, port});
  }

  leave(at) {
    const taken = this.posts.flatMap((busy, post) => (busy ? [post] : []));
    const post = this.random.pick(taken);
    this.posts[post] = false;
    this.add(at, 'leave', {post});
  }

  /** `which` picks among the files and copies that there are by then. */
  harm(at) {
    this.add(at, 'harm', {what: this.random.pick(HARMS), app: this.random.pick(APPS).name, which: this.random.below(1_000)});
  }

  again(at) {
    this.add(at, 'again', {client: this.random.pick(CLIENTS).name});
  }

  find(at) {
    this.add(at, 'find', {client: this.random.pick(CLIENTS).name});
  }

  /** Before the quiet every app gets a server that runs, see `heal` in world.js. */
  settle() {
    for (const {slots} of APPS) {
      if (slots.some((slot) => this.slots.get(slot) === 'up')) continue;
      const slot = slots.find((name) => this.slots.get(name) === 'stopped') ?? slots[0];
      this.slots.set(slot, 'up');
    }
  }
}
