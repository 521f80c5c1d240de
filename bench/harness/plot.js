// docs/performance.svg: how much more than the floor a message costs, one group of bars a case.
//
// The scale is logarithmic and its zero line is the floor: a bar's length is the cost of the
// protocol and of the server around it.
import { digits } from './tables.js';

const WIDTH = 960;
const HEIGHT = 524;
const PLOT = { left: 64, right: 28, top: 122, bottom: 94 };
const TICKS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500];
const GROUP_SHARE = 0.78; // of a group's width that its bars take

// Two themes with the same roles; Berth has the strong colour, the peers quieter ones.
const STYLE = `
  svg { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
  .paper { fill: #ffffff; stroke: #d0d7de; }
  .title { font-size: 19px; font-weight: 600; fill: #1f2328; }
  .note { font-size: 13px; fill: #59636e; }
  .label { font-size: 13px; fill: #1f2328; }
  .case { font-size: 14px; font-weight: 600; fill: #1f2328; }
  .grid { stroke: #d8dee4; stroke-width: 1; }
  .floor { stroke: #59636e; stroke-width: 2; }
  .s0 { fill: #0969da; } .s1 { fill: #e0922f; } .s2 { fill: #3a9a6a; } .s3 { fill: #9a67c7; }
  .s4 { fill: #c2557a; } .s5 { fill: #7a828c; }
  .strong { font-weight: 700; }
  .value { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117; stroke: #30363d; }
    .title, .label, .case { fill: #e6edf3; }
    .note { fill: #9198a1; }
    .grid { stroke: #262c35; }
    .value { stroke: #0d1117; }
    .floor { stroke: #9198a1; }
    .s0 { fill: #4493f8; } .s1 { fill: #e3a04f; } .s2 { fill: #4fb883; } .s3 { fill: #ac86d8; }
    .s4 { fill: #d9739a; } .s5 { fill: #8b949e; }
  }
`;

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const round = (number) => Math.round(number * 10) / 10;

function text(x, y, style, anchor, content) {
  return `<text x="${round(x)}" y="${round(y)}" class="${style}" text-anchor="${anchor}">${escape(content)}</text>`;
}

/** The axis: the ticks that enclose every ratio, and where a ratio stands on it. */
function makeAxis(ratios) {
  const low = TICKS.findLast((tick) => tick <= Math.min(1, ...ratios)) ?? TICKS[0];
  const high = TICKS.find((tick) => tick >= Math.max(2, ...ratios) * 1.15) ?? TICKS.at(-1);
  const height = HEIGHT - PLOT.top - PLOT.bottom;
  const share = (ratio) => Math.log(ratio / low) / Math.log(high / low);
  return {
    ticks: TICKS.filter((tick) => tick >= low && tick <= high),
    y: (ratio) => PLOT.top + height * (1 - Math.min(1, Math.max(0, share(ratio)))),
  };
}

function drawAxis(axis) {
  return axis.ticks.flatMap((tick) => {
    const y = round(axis.y(tick));
    const style = tick === 1 ? 'floor' : 'grid';
    return [
      `<line x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${y}" y2="${y}" class="${style}"/>`,
      text(PLOT.left - 10, y + 4.5, 'note', 'end', `${tick}×`),
    ];
  });
}

/** A bar from the floor's line, its outer corners rounded, its value beyond its end. */
function drawBar(x, width, axis, ratio, server) {
  const [base, end] = [axis.y(1), axis.y(ratio)];
  const up = end <= base;
  const radius = Math.min(3, Math.abs(base - end), width / 2);
  const turn = up ? radius : -radius;
  const path =
    `M${round(x)} ${round(base)}V${round(end + turn)}q0 ${round(-turn)} ${radius} ${round(-turn)}` +
    `h${round(width - 2 * radius)}q${radius} 0 ${radius} ${round(turn)}V${round(base)}z`;
  return [
    `<path d="${path}" class="${server.colour}"/>`,
    text(x + width / 2, up ? end - 6 : end + 16, `${server.style} value`, 'middle', digits(ratio)),
  ];
}

function drawGroup(left, width, axis, servers, floor, name) {
  const slot = (width * GROUP_SHARE) / servers.length;
  const start = left + (width * (1 - GROUP_SHARE)) / 2;
  const bars = servers.flatMap((server, i) => {
    const ratio = server.cases[name]?.ratio;
    if (ratio === undefined) return text(start + slot * (i + 0.5), axis.y(1) - 6, 'note', 'middle', '–');
    return drawBar(start + slot * i + slot * 0.08, slot * 0.84, axis, ratio, server);
  });
  const middle = left + width / 2;
  const cost = floor?.cases[name]?.cpu_us;
  return [
    ...bars,
    text(middle, HEIGHT - PLOT.bottom + 28, 'case', 'middle', name.replaceAll('×', ' × ')),
    ...(cost === undefined
      ? []
      : [text(middle, HEIGHT - PLOT.bottom + 48, 'note', 'middle', `floor: ${digits(cost)} µs`)]),
  ];
}

function drawLegend(servers) {
  let x = PLOT.left;
  return servers.flatMap((server) => {
    const at = x;
    x += 46 + server.name.length * 7.5;
    return [
      `<rect x="${at}" y="84" width="12" height="12" rx="2" class="${server.colour}"/>`,
      text(at + 18, 94.5, server.style, 'start', server.name),
    ];
  });
}

/** Berth keeps its colour and stands out; the first five peers have the others. */
function paint(servers) {
  const peers = servers.filter((server) => server.name !== 'berth').slice(0, 5);
  return servers.flatMap((server) => {
    if (server.name === 'berth') return { ...server, colour: 's0', style: 'label strong' };
    const place = peers.indexOf(server) + 1;
    return place === 0 ? [] : { ...server, colour: `s${place}`, style: 'label' };
  });
}

/** The whole picture. @param summary of summarise() */
export function plot(data, summary) {
  const floor = summary.find((server) => server.floor);
  const shown = (server) => data.cases.some((name) => server.cases[name]?.ratio !== undefined);
  const servers = paint(summary.filter((server) => !server.floor && shown(server)));
  const ratios = servers.flatMap((server) =>
    data.cases.map((name) => server.cases[name]?.ratio).filter((ratio) => ratio !== undefined),
  );
  const axis = makeAxis(ratios);
  const width = (WIDTH - PLOT.left - PLOT.right) / data.cases.length;
  const described = servers.map((server) => {
    const ratioText = (name) => {
      const ratio = server.cases[name]?.ratio;
      return ratio === undefined ? 'not measured' : `${digits(ratio)}×`;
    };
    const figures = data.cases.map((name) => `${name} ${ratioText(name)}`);
    return `${server.name}: ${figures.join(', ')}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">`,
    '<title>Server processor time per echoed message, relative to a raw epoll echo</title>',
    `<desc>${escape(described.join('; '))}</desc>`,
    `<style>${STYLE}</style>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="8" class="paper"/>`,
    text(PLOT.left, 38, 'title', 'start', 'Server processor time per echoed message'),
    text(PLOT.left, 61, 'note', 'start', 'Times the floor, a raw epoll echo without any protocol. Logarithmic; shorter is better.'),
    ...drawLegend(servers),
    ...drawAxis(axis),
    ...data.cases.flatMap((name, i) => drawGroup(PLOT.left + i * width, width, axis, servers, floor, name)),
    text(WIDTH / 2, HEIGHT - 16, 'note', 'middle', 'connections × messages in flight per connection × message size'),
    '</svg>',
    '',
  ].join('\n');
}
