// The servers that are measured: what each is, how it starts, what it lacks.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './processes.js';

const bench = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const python = '/usr/bin/python3';

export const buildFolder = resolve(process.env.BERTH_BENCH_BUILD || join(bench, '../build/bench'));
const built = (name) => join(buildFolder, 'bench', name);
export const loader = built('berth_load');

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a command prints; undefined when it fails. */
function output(program, args) {
  try {
    return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}

function berthProgram() {
  if (process.env.BERTH) return resolve(process.env.BERTH);
  const places = [join(buildFolder, 'berth'), join(buildFolder, 'src/cli/berth')];
  return places.find(isProgram) ?? places[0];
}

/** Berth with nothing of this user's: a folder of its own for configuration, state and runtime. */
function berthCommand(port) {
  const folder = temporaryFolder();
  const env = { HOME: folder };
  for (const name of ['RUNTIME_DIR', 'STATE_HOME', 'CONFIG_HOME', 'DATA_HOME', 'CACHE_HOME']) {
    env[`XDG_${name}`] = join(folder, name.toLowerCase());
    mkdirSync(env[`XDG_${name}`], { mode: 0o700 });
  }
  writeFileSync(join(folder, 'conf.yaml'), `HOST: 127.0.0.1\nSERVER_PORT: ${port}\n`);
  const argv = [berthProgram(), 'serve', '--port', `${port}`, '--ws', 'echo', '--strict-port'];
  return { argv, env, cwd: folder };
}

const PYTHON_VERSIONS = `
import platform, uvicorn, websockets
try:
    import uvloop
    loop = "uvloop " + uvloop.__version__
except ImportError:
    loop = "asyncio"
print(f"{uvicorn.__version__}, websockets {websockets.__version__}, {loop}, "
      f"Python {platform.python_version()}")
`;

/**
 * Each: name; about(), its version, undefined when it is not there; lacks, what to do then;
 * command(port, part), how it starts; raw for the floor; health for what answers 200 on /health.
 */
const KNOWN = [
  {
    name: 'floor',
    about: () => (isProgram(built('berth_raw_echo')) ? 'epoll, read and write' : undefined),
    lacks: 'not built; run ./dev bench',
    raw: true,
    command: (port) => ({ argv: [built('berth_raw_echo'), `${port}`] }),
  },
  {
    name: 'berth',
    about: () => output(berthProgram(), ['--version'])?.replace(/^berth /, ''),
    lacks: `${berthProgram()} is not there or does not run; run ./dev bench, or say where in BERTH`,
    health: true,
    command: berthCommand,
  },
  {
    name: 'libwebsockets',
    about: () => output(built('berth_lws_echo'), ['--version'])?.replace(/-$/, ''),
    lacks: 'not built; install libwebsockets-dev and run ./dev bench',
    command: (port, part) => ({
      argv: [built('berth_lws_echo'), `${port}`, ...(part === 'memory' ? ['uv'] : [])],
    }),
  },
  {
    name: 'ws',
    about: () => {
      const file = join(bench, 'node_modules/ws/package.json');
      if (!existsSync(file)) return undefined;
      return `${JSON.parse(readFileSync(file, 'utf8')).version}, Node ${process.versions.node}`;
    },
    lacks: 'not installed; run npm ci in bench/',
    command: (port) => ({ argv: [process.execPath, join(bench, 'peers/ws.js'), `${port}`] }),
  },
  {
    name: 'uvicorn',
    about: () => output(python, ['-c', PYTHON_VERSIONS]),
    lacks: 'not installed; install python3-uvicorn and python3-websockets',
    command: (port) => ({
      argv: [
        ...[python, '-B', '-m', 'uvicorn', 'uvicorn_echo:app', '--app-dir', join(bench, 'peers')],
        ...['--host', '127.0.0.1', '--port', `${port}`, '--ws', 'websockets'],
        ...['--log-level', 'warning', '--no-access-log', '--lifespan', 'off'],
      ],
    }),
  },
];

/** PEER: one server a line, name=command {port}. Errors: a line that is none. */
function addedPeers() {
  const lines = (process.env.PEER ?? '').split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [, name, command] = /^\s*([\w.-]+)=(.*\{port\}.*)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`PEER is "${line}"; write name=command with {port} in it`);
    return {
      name,
      about: () => command,
      command: (port) => ({ argv: ['/bin/sh', '-c', command.replaceAll('{port}', `${port}`)] }),
    };
  });
}

/**
 * Those that can be measured, and what is missing.
 * @param {string[] | undefined} only names; the floor always comes along
 * Errors: a name that nobody has, no floor.
 */
export function findServers(only) {
  const all = [...KNOWN, ...addedPeers()];
  const stranger = only?.find((name) => !all.some((server) => server.name === name));
  if (stranger !== undefined)
    throw new Error(`no server is named ${stranger}; there are ${all.map((one) => one.name).join(', ')}`);
  const wanted = all.filter((one) => one.raw || only === undefined || only.includes(one.name));
  const found = wanted.map((server) => ({ ...server, version: server.about() }));
  return {
    servers: found.filter((server) => server.version !== undefined),
    missing: found.filter((server) => server.version === undefined),
  };
}
