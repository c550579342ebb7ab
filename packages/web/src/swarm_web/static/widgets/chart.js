// A chart over time: uPlot on a canvas, with its own legend, a name and values for those who do not see it, the
// arrow keys as a cursor, and its rows as a table.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { clock, duration, figure } from "../format.js";
import { html } from "../ui.js";

/**
 * @typedef {object} Line
 * @property {string} key the series' column
 * @property {string} label
 * @property {string} color a custom property's name, as "--series-1"
 * @property {number[]} [dash]
 */
/** @typedef {{time: number, text: string}} Mark */

const uPlot = () => /** @type {any} */ (globalThis).uPlot;
const ROWS = 25;

/** @param {string} name */
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * @param {{title: string, unit: string, lines: Line[], series: Record<string, any[]>, from: number, to: number,
 *   marks?: Mark[], theme: string, tick: number, group?: string, fromStart?: boolean,
 *   onZoom?: (from: number, to: number) => void}} props `fromStart` counts the time from `from` on
 */
export function Chart({ title, unit, lines, series, from, to, marks = [], theme, tick, group = "run", fromStart = false, onZoom }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const now = useRef({ from, to, marks });
  now.current = { from, to, marks };
  const when = (/** @type {number} */ t) => (fromStart ? duration(t - now.current.from) : clock(t));
  const [hidden, setHidden] = useState(/** @type {Set<string>} */ (new Set()));
  const [cursor, setCursor] = useState(/** @type {number | null} */ (null));
  const [asTable, setAsTable] = useState(false);
  const id = useMemo(() => `chart-${Math.random().toString(36).slice(2, 9)}`, []);
  const times = series.time ?? [];
  const at = cursor == null || cursor >= times.length ? times.length - 1 : cursor;
  const values = lines.map((line) => `${line.label} ${figure(series[line.key]?.[at])} ${unit}`).join(", ");

  useEffect(() => {
    const host = /** @type {HTMLDivElement} */ (box.current);
    if (!uPlot()) return undefined;
    const made = new (uPlot())(options({ host, lines, unit, now, group, when, onZoom, onCursor: setCursor }), data(series, lines), host);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height: 180 }));
    watch.observe(host);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [theme, lines]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.batch(() => {
      made.setData(data(series, lines), false);
      lines.forEach((line, k) => made.setSeries(k + 1, { show: !hidden.has(line.key) }));
      made.setScale("x", { min: from, max: to });
    });
  }, [tick, from, to, hidden, lines, theme]);

  const move = (/** @type {number} */ by) => {
    const next = Math.max(0, Math.min(times.length - 1, (cursor ?? times.length - 1) + by));
    setCursor(next);
    const made = plot.current;
    if (made) made.setCursor({ left: made.valToPos(times[next], "x"), top: 10 });
  };
  const keys = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
  const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "d" && !event.ctrlKey && !event.metaKey && !event.altKey) setAsTable(!asTable);
    else if (event.key in keys) move(keys[/** @type {keyof typeof keys} */ (event.key)] * (event.shiftKey ? 10 : 1));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const toggle = (/** @type {string} */ key) => {
    const next = new Set(hidden);
    if (!next.delete(key)) next.add(key);
    setHidden(next);
  };

  return html`<figure class="card chart" aria-labelledby=${`${id}-title`}>
    <figcaption id=${`${id}-title`}>${title} ${unit && html`<small>(${unit})</small>`}</figcaption>
    <div class="plot" role="img" tabindex="0" aria-label=${`${title}: ${values} at ${when(times[at])}. Arrow keys move, d shows a table.`}
      onKeyDown=${onKeyDown} ref=${box}></div>
    <ul class="legend">
      ${lines.map((line) => html`<li key=${line.key}><button type="button" aria-pressed=${!hidden.has(line.key)} onClick=${() => toggle(line.key)}>
        <svg width="22" height="8" aria-hidden="true"><line x1="0" y1="4" x2="22" y2="4" stroke=${`var(${line.color})`} stroke-width="2.5" stroke-dasharray=${(line.dash ?? []).join(" ")} /></svg>
        ${line.label} <b>${figure(series[line.key]?.[at])}</b></button></li>`)}
      <li class="at">${cursor == null ? "" : when(times[at])}</li>
    </ul>
    <p class="visually-hidden" role="status">${cursor == null ? "" : `${when(times[at])}: ${values}`}</p>
    ${asTable && html`<${Rows} title=${title} unit=${unit} lines=${lines} series=${series} when=${when} />`}
  </figure>`;
}

/** The last rows of a chart. @param {{title: string, unit: string, lines: Line[], series: Record<string, any[]>, when: (t: number) => string}} props */
function Rows({ title, unit, lines, series, when }) {
  const n = series.time.length;
  const rows = Array.from({ length: Math.min(ROWS, n) }, (_, k) => n - 1 - k);
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${`${title}, rows`}><table class="plain">
    <thead><tr><th scope="col">time</th>${lines.map((line) => html`<th scope="col" class="number">${line.label} (${unit})</th>`)}</tr></thead>
    <tbody>${rows.map((k) => html`<tr key=${k}><th scope="row">${when(series.time[k])}</th>${lines.map((line) => html`<td class="number">${figure(series[line.key]?.[k])}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** @param {Record<string, any[]>} series @param {Line[]} lines */
const data = (series, lines) => [series.time ?? [], ...lines.map((line) => series[line.key] ?? (series.time ?? []).map(() => null))];

/** @param {any} parts */
function options({ host, lines, unit, now, group, when, onZoom, onCursor }) {
  const grid = { stroke: ink("--grid"), width: 1 };
  const axis = { stroke: ink("--quiet"), grid, ticks: grid, font: "11px system-ui, sans-serif" };
  return {
    width: host.clientWidth || 400,
    height: 180,
    padding: [10, 24, 0, 0], // room for half of the last time
    legend: { show: false },
    cursor: { sync: { key: group, setSeries: false }, drag: { x: Boolean(onZoom), y: false, setScale: false }, points: { size: 6 } },
    scales: { x: { time: true, range: () => [now.current.from, now.current.to] }, y: { range: (/** @type {any} */ _, /** @type {number} */ __, /** @type {number} */ high) => [0, high > 0 ? high * 1.08 : 1] } },
    axes: [
      { ...axis, size: 26, space: 60, values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map((t) => (now.current.to - now.current.from < 600 ? when(t).slice(0, 8) : when(t).slice(0, 5))) },
      { ...axis, size: 56, values: (/** @type {any} */ _, /** @type {number[]} */ splits) => splits.map((value) => figure(value)), label: undefined, unit },
    ],
    series: [{}, ...lines.map((/** @type {Line} */ line) => ({ label: line.label, stroke: ink(line.color), width: 1.5, dash: line.dash, points: { show: false }, spanGaps: false }))],
    hooks: {
      draw: [(/** @type {any} */ made) => drawMarks(made, now.current.marks)],
      setCursor: [(/** @type {any} */ made) => onCursor(made.cursor.left >= 0 ? made.cursor.idx : null)],
      setSelect: [(/** @type {any} */ made) => {
        if (made.select.width > 4) onZoom(made.posToVal(made.select.left, "x"), made.posToVal(made.select.left + made.select.width, "x"));
        made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      }],
    },
  };
}

/** @param {any} made @param {Mark[]} marks */
function drawMarks(made, marks) {
  const { ctx, bbox } = made;
  ctx.save();
  ctx.strokeStyle = ink("--mark");
  ctx.setLineDash([3, 4]);
  ctx.beginPath();
  for (const { time } of marks) {
    if (time < made.scales.x.min || time > made.scales.x.max) continue;
    const x = Math.round(made.valToPos(time, "x", true)) + 0.5;
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
}
