// Who takes part: three apps, their servers' slots, the clients, and the posts of the squatters.
// These are also the bounds: nothing in the test ever runs in larger numbers.

/** The range that every client looks at. */
export const RANGE = {first: 1018, count: 13};

/**
 * App B tries few ports, so that its servers are often on one that the system chose, and only their
 * records lead there. App C keeps itself to one instance: of its two slots the second one started is
 * sent away.
 */
export const APPS = [
  {name: 'torture-a', instance: 'many', tries: RANGE.count, slots: ['a1', 'a2', 'a3']},
  {name: 'torture-b', instance: 'many', tries: 4, slots: ['b1', 'b2', 'b3']},
  {name: 'torture-c', instance: 'single', tries: RANGE.count, slots: ['c1', 'c2']},
];

/** Two clients of each kind for each app. */
export const CLIENTS = ['native', 'node'].flatMap((kind) =>
  APPS.flatMap(({name}) => [1, 2].map((number) => ({name: `${kind}-${name.at(-1)}${number}`, kind, app: name}))),
);

/** How many squatters there are at most. */
export const POSTS = 8;

/** What a squatter does to those who come; see squatters.js. */
export const SQUATTERS = ['yes', 'tarpit', 'reset', 'copy', 'replay', 'relay'];

/** What is done to files; see files.js. */
export const HARMS = [
  'port-empty',
  'port-old',
  'record-empty',
  'record-old',
  'record-over',
  'record-ghost',
  'record-gone',
  'state-empty',
  'state-old',
];

/** The app that a slot belongs to. */
export function appOf(slot) {
  return APPS.find(({slots}) => slots.includes(slot));
}
