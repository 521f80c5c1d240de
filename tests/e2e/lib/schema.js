// JSON Schema 2020-12, as much of it as docs/endpoint.schema.json uses. A keyword that is not
// known here is an error, so that no rule of the schema goes unchecked.

const NOTES = new Set(['$schema', '$id', '$defs', 'title', 'description']);

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

const TYPES = {
  object: isObject,
  string: (value) => typeof value === 'string',
  integer: Number.isInteger,
  null: (value) => value === null,
};

// Each takes the keyword's own value, what is checked, and the rest; it gives what is wrong.
const KEYWORDS = {
  $ref: (ref, value, {at, root}) => check(resolve(ref, root), value, at, root),
  oneOf: (schemas, value, {at, root}) => {
    const fitting = schemas.filter((schema) => check(schema, value, at, root).length === 0).length;
    return fitting === 1 ? [] : [`${at} fits ${fitting} of the ${schemas.length} forms`];
  },
  not: (schema, value, {at, root}) =>
    check(schema, value, at, root).length > 0 ? [] : [`${at} is what it must not be: ${JSON.stringify(schema)}`],
  type: (types, value, {at}) =>
    [types].flat().some((type) => TYPES[type](value)) ? [] : [`${at} is no ${[types].flat().join(' or ')}`],
  const: (constant, value, {at}) => (value === constant ? [] : [`${at} is not ${JSON.stringify(constant)}`]),
  enum: (choices, value, {at}) => (choices.includes(value) ? [] : [`${at} is none of ${choices.join(', ')}`]),
  pattern: (pattern, value, {at}) =>
    typeof value !== 'string' || new RegExp(pattern, 'u').test(value) ? [] : [`${at} is not like ${pattern}`],
  minLength: (size, value, {at}) =>
    typeof value !== 'string' || [...value].length >= size ? [] : [`${at} is shorter than ${size}`],
  minimum: (least, value, {at}) => (typeof value !== 'number' || value >= least ? [] : [`${at} is under ${least}`]),
  maximum: (most, value, {at}) => (typeof value !== 'number' || value <= most ? [] : [`${at} is over ${most}`]),
  required: (names, value, {at}) =>
    isObject(value) ? names.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at} has no ${name}`) : [],
  properties: (schemas, value, {at, root}) =>
    isObject(value)
      ? Object.entries(schemas)
          .filter(([name]) => Object.hasOwn(value, name))
          .flatMap(([name, schema]) => check(schema, value[name], `${at}.${name}`, root))
      : [],
  additionalProperties: (allowed, value, {at, schema}) =>
    allowed === false && isObject(value)
      ? Object.keys(value)
          .filter((name) => !Object.hasOwn(schema.properties, name))
          .map((name) => `${at}.${name} has no place there`)
      : [],
};

function resolve(ref, root) {
  const found = ref
    .slice(2)
    .split('/')
    .reduce((part, name) => part?.[name], root);
  if (!ref.startsWith('#/') || !found) throw new Error(`the schema has no ${ref}`);
  return found;
}

function check(schema, value, at, root) {
  return Object.entries(schema).flatMap(([keyword, rule]) => {
    if (NOTES.has(keyword)) return [];
    if (!KEYWORDS[keyword]) throw new Error(`${keyword} is not known to this validator`);
    return KEYWORDS[keyword](rule, value, {at, root, schema});
  });
}

/** What is wrong with a value, in sentences; empty when it obeys the schema (or its definition). */
export function faults(root, value, definition) {
  return check(definition ? root.$defs[definition] : root, value, definition ?? 'value', root);
}
