// The servers that are measured: what each is, how it starts, what it lacks.
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

/** The version that a program names, on stdout or stderr. */
function versionOf(program, args, pattern) {
  if (!isProgram(program)) return undefined;
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return pattern.exec(`${stdout}${stderr}`)?.[1];
}

function berthProgram() {
  if (process.env.BERTH) return resolve(process.env.BERTH);
  const places = [join(buildFolder, 'berth'), join(buildFolder, 'src/cli/berth')];
  return places.find(isProgram) ?? places[0];
}

/** How many a hub sends each message on to. */
export const FAN_RECEIVERS = [1000, 10000];

/** Who asks on the one connection of the part "spin": its own falling asleep is in the round trip too. */
export const SPINS = [
  { name: 'who asks sleeps', args: [] },
  { name: 'who asks stays awake', args: ['--awake'] },
];

/** What web servers are asked for: the path, and how many connections ask. */
export const PAGES = [
  { name: '/health', path: '/health', connections: 64 },
  { name: '10 KiB file', path: '/static/10k.bin', connections: 64 },
  { name: '10 MiB file', path: '/static/10m.bin', connections: 4 },
];

let files;
/** The folder with those files; every server serves the same ones. */
function filesFolder() {
  if (files !== undefined) return files;
  files = temporaryFolder();
  chmodSync(files, 0o755);
  mkdirSync(join(files, 'static'), { mode: 0o755 });
  for (const [name, size] of [['10k.bin', 10 * 1024], ['10m.bin', 10 * 1024 * 1024]]) {
    writeFileSync(join(files, 'static', name), randomBytes(size));
  }
  return files;
}

/** nginx with one worker, as Debian builds it; without a log, and with the answer's size for /health. */
function nginxCommand(port) {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  const lines = [
    ...['daemon off;', 'worker_processes 1;', `pid ${folder}/pid;`, 'error_log stderr error;'],
    'events { worker_connections 2048; }',
    `http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; ${paths.join(' ')}`,
    `server { listen 127.0.0.1:${port} backlog=1024; root ${filesFolder()};`,
    `location = /health { default_type application/json; return 200 '${'x'.repeat(HEALTH_SIZE)}'; } } }`,
  ];
  writeFileSync(join(folder, 'nginx.conf'), lines.join('\n'));
  return { argv: ['/usr/sbin/nginx', '-p', folder, '-c', join(folder, 'nginx.conf')] };
}

function h2oCommand(port) {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'health'), 'x'.repeat(HEALTH_SIZE));
  const lines = [
    ...['num-threads: 1', 'user: root', 'listen:', '  host: 127.0.0.1', `  port: ${port}`],
    ...['hosts:', '  default:', '    paths:', '      /health:', `        file.file: ${folder}/health`],
    ...['      /:', `        file.dir: ${filesFolder()}`, ''],
  ];
  writeFileSync(join(folder, 'h2o.conf'), lines.join('\n'));
  return { argv: ['/usr/bin/h2o', '-m', 'worker', '-c', join(folder, 'h2o.conf')] };
}

/** Berth with nothing of this user's: a folder of its own for configuration, state and runtime. */
function berthCommand(port, part, extra = {}) {
  const folder = temporaryFolder();
  const env = { HOME: folder, ...extra };
  for (const name of ['RUNTIME_DIR', 'STATE_HOME', 'CONFIG_HOME', 'DATA_HOME', 'CACHE_HOME']) {
    env[`XDG_${name}`] = join(folder, name.toLowerCase());
    mkdirSync(env[`XDG_${name}`], { mode: 0o700 });
  }
  const lines = [`HOST: 127.0.0.1`, `SERVER_PORT: ${port}`, 'BERTH:', `  STATIC: ${join(filesFolder(), 'static')}`, ''];
  writeFileSync(join(folder, 'conf.yaml'), lines.join('\n'));
  const argv = [berthProgram(), 'serve', '--port', `${port}`, '--ws', part === 'fan' ? 'hub' : 'echo', '--strict-port'];
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

/** The size of Berth's own answer, give or take a digit. */
const HEALTH_SIZE = 217;

/**
 * Each: name; about(), its version, undefined when it is not there; lacks, what to do then;
 * command(port, part), how it starts; raw for the floor; health for what answers 200 on /health; web
 * for what serves PAGES, and "only" when it speaks no WebSocket; hub for what sends a message on to all
 * the others; parts for what is there for some parts alone.
 */
const KNOWN = [
  {
    name: 'floor',
    about: () => (isProgram(built('berth_raw_echo')) ? 'epoll, read and write' : undefined),
    lacks: 'not built; run ./dev bench',
    raw: true,
    hub: true,
    command: (port, part) => ({ argv: [built(part === 'fan' ? 'berth_raw_fan' : 'berth_raw_echo'), `${port}`] }),
  },
  {
    name: 'floor unpaced',
    about: () => (isProgram(built('berth_raw_echo')) ? 'the same with TCP Reno, as Berth has it on loopback' : undefined),
    lacks: 'not built; run ./dev bench',
    raw: true,
    parts: ['echo'],
    command: (port) => ({ argv: [built('berth_raw_echo'), `${port}`, '--unpaced'] }),
  },
  {
    name: 'floor awake',
    about: () => (isProgram(built('berth_raw_echo')) ? 'the same, never asleep' : undefined),
    lacks: 'not built; run ./dev bench',
    raw: true,
    parts: ['spin'],
    command: (port) => ({ argv: [built('berth_raw_echo'), `${port}`, '--awake'] }),
  },
  {
    name: 'berth',
    about: () => output(berthProgram(), ['--version'])?.replace(/^berth /, ''),
    lacks: `${berthProgram()} is not there or does not run; run ./dev bench, or say where in BERTH`,
    health: true,
    hub: true,
    web: 'too',
    command: (port, part) => berthCommand(port, part),
  },
  {
    name: 'berth with SPIN_US: 50',
    about: () => output(berthProgram(), ['--version'])?.replace(/^berth /, ''),
    lacks: 'berth itself is missing',
    parts: ['spin'],
    command: (port, part) => berthCommand(port, part, { BERTH_SPIN_US: '50' }),
  },
  {
    name: 'nginx',
    about: () => versionOf('/usr/sbin/nginx', ['-v'], /nginx\/(\S+)/),
    lacks: 'not installed; install nginx-light',
    web: 'only',
    command: nginxCommand,
  },
  {
    name: 'h2o',
    about: () => versionOf('/usr/bin/h2o', ['--version'], /version (\S+)/),
    lacks: 'not installed; install h2o',
    web: 'only',
    command: h2oCommand,
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
  const wanted = all.filter((one) => one.raw || only === undefined || only.some((name) => `${one.name} `.startsWith(`${name} `)));
  const found = wanted.map((server) => ({ ...server, version: server.about() }));
  return {
    servers: found.filter((server) => server.version !== undefined),
    missing: found.filter((server) => server.version === undefined),
  };
}
