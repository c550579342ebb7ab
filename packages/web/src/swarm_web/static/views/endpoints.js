// All names: filtered, sorted, as a tree by path; a drawer for one of them, charts for some side by side.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { bytes, count, figure, ms } from "../format.js";
import { range, route, setParams } from "../router.js";
import { Order, treeLines } from "../table.js";
import { classes, html, shown } from "../ui.js";
import { Chart } from "../widgets/chart.js";
import { Heatmap } from "../widgets/heatmap.js";
import { Table } from "../widgets/table.js";
import { LATENCY, short, THROUGHPUT } from "./live.js";

/** @typedef {import("../run.js").Run} Run */

const PINS = 8;
const EVERY_MS = 5000;

/** Keys of the names that are drawn side by side. */
export const pinned = signal(/** @type {string[]} */ ([]));
/** The line that the keyboard is at. */
export const selected = signal(/** @type {number | null} */ (null));
/** What the keyboard does with it; set by the page that is shown. */
export const keyboard = { count: 0, open: () => {}, pin: () => {} };

/** @param {Run} run @param {number} k */
const keyOf = (run, k) => `${run.names.columns.method[k]} ${run.names.columns.name[k]}`;

/** @param {string} key */
const split = (key) => {
  const cut = key.indexOf(" ");
  return { method: key.slice(0, cut), name: key.slice(cut + 1) };
};

/** @param {string} key */
export function pin(key) {
  const pins = pinned.value;
  pinned.value = pins.includes(key) ? pins.filter((each) => each !== key) : [...pins, key].slice(-PINS);
}

/** @param {{run: Run, all?: boolean}} props `all` shows all rows, whatever the address says */
export function Endpoints({ run, all: whole = false }) {
  run.tick.value; // the tables change in place
  const { filter = "", sort = "", tree = "", open = "", all = "" } = route.value.params;
  const [unfolded, setUnfolded] = useState(/** @type {Set<string>} */ (new Set()));
  const { columns } = run.names;
  const order = Order.of(columns, { filter, sort });
  /** @type {import("../table.js").Line[]} */
  const shownLines = tree ? treeLines(columns, order, unfolded) : order.map((position) => ({ depth: 0, label: columns.name[position], position }));
  const unfold = (/** @type {string} */ path) => {
    const next = new Set(unfolded);
    if (!next.delete(path)) next.add(path);
    setUnfolded(next);
  };
  const act = (/** @type {any} */ line) => (line.position === undefined ? unfold(line.path) : setParams({ open: keyOf(run, line.position) }));
  keyboard.count = shownLines.length;
  keyboard.open = () => selected.value != null && shownLines[selected.value] && act(shownLines[selected.value]);
  keyboard.pin = () => {
    const line = selected.value == null ? null : shownLines[selected.value];
    if (line?.position !== undefined) pin(keyOf(run, line.position));
  };

  const facts = run.run.value;
  return html`<h1>Endpoints</h1>
    <div class="row controls">
      <label>Filter <input id="filter" type="search" value=${filter} placeholder="words of the name" onInput=${(/** @type {InputEvent} */ event) => setParams({ filter: /** @type {HTMLInputElement} */ (event.currentTarget).value })} /></label>
      <span role="status">${count(order.length)} of ${count(run.names.size)}</span>
      <label class="check"><input type="checkbox" checked=${Boolean(tree)} onChange=${() => setParams({ tree: tree ? null : "1" })} /> tree</label>
      <label class="check"><input type="checkbox" checked=${Boolean(all)} onChange=${() => setParams({ all: all ? null : "1" })} /> all rows</label>
      ${run.live && html`<a href="stats/requests/csv" download>CSV</a>`}
    </div>
    ${facts.names_full && html`<p class="notice warn">The run has more than ${count(facts.max_names)} names. Further names are counted together.</p>`}
    ${pinned.value.length > 0 && html`<${Pinned} run=${run} />`}
    <${Table} label="Endpoints" columns=${tableColumns(run, shownLines, unfolded, act)} order=${shownLines.map((_, k) => k)} sort=${sort}
      onSort=${(/** @type {string} */ next) => setParams({ sort: next || null })} selected=${selected.value} height=${Math.max(360, innerHeight - 270)} all=${whole || Boolean(all)}
      rowKey=${(/** @type {number} */ k) => (shownLines[k].position === undefined ? shownLines[k].path : columns.i[shownLines[k].position])}
      empty=${run.names.size ? "No name has these words." : "No requests yet."} />
    ${open && html`<${Drawer} key=${open} run=${run} name=${open} />`}`;
}

/**
 * @param {Run} run @param {any[]} lines @param {Set<string>} unfolded @param {(line: any) => void} act
 * @returns {import("../widgets/table.js").Column[]}
 */
function tableColumns(run, lines, unfolded, act) {
  const { columns } = run.names;
  const over = run.isOver.value;
  /** @param {string} key @param {number} k */
  const value = (key, k) => {
    const { position, sums } = lines[k];
    return position === undefined ? sums[key] : columns[key]?.[position];
  };
  const number = (/** @type {string} */ key, /** @type {string} */ label, /** @type {(n: any) => string} */ show, hint = "") => ({ key, label, hint, cell: (/** @type {number} */ k) => show(value(key, k)) });
  const window = over ? "_run" : "";
  return [
    {
      key: "name", label: "name", text: true,
      cell: (k) => {
        const line = lines[k];
        const { position, path, depth, label, names } = line;
        const folder = position === undefined;
        return html`<button type="button" class="link" style=${{ marginInlineStart: `${depth * 1.2}em` }} aria-expanded=${folder ? unfolded.has(path) : undefined} title=${label} onClick=${() => act(line)}>
          ${folder ? html`<span aria-hidden="true">${unfolded.has(path) ? "▾" : "▸"}</span> ` : html`<small>${columns.method[position]}</small> `}<bdi>${short(label)}</bdi>${folder ? html` <small>${count(names)} names</small>` : ""}</button>`;
      },
    },
    { key: "spark", label: "p95 of late", fixed: true, cell: (k) => (lines[k].position === undefined ? "" : html`<${Spark} values=${sparkline(run, lines[k].position)} />`) },
    number("requests", "requests", count),
    { key: "failures", label: "failures", cell: (k) => html`<span class=${value("failures", k) ? "bad" : ""}>${count(value("failures", k))}</span>` },
    number("rps", "req/s", figure, "requests a second, of late"),
    number("fps", "fail/s", figure, "failures a second, of late"),
    number(`p50${window}`, "p50 ms", figure, over ? "of the whole run" : "of the last seconds"),
    number(`p95${window}`, "p95 ms", figure, over ? "of the whole run" : "of the last seconds"),
    number(`p99${window}`, "p99 ms", figure, over ? "of the whole run" : "of the last seconds"),
    number("avg", "mean ms", figure, "of the whole run"),
    number("max", "max ms", figure, "of the whole run"),
    number("length", "mean size", bytes),
    number("interrupted", "cut off", count, "requests cut off by the stop; not counted"),
    {
      key: "pin", label: "pin", fixed: true,
      cell: (k) => {
        const { position } = lines[k];
        if (position === undefined) return "";
        const key = keyOf(run, position);
        const on = pinned.value.includes(key);
        return html`<button type="button" class=${classes("pin", on && "on")} aria-pressed=${on} aria-label=${`Pin ${short(key)}`} onClick=${() => pin(key)}>${on ? "●" : "○"}</button>`;
      },
    },
  ];
}

/** The p95 of a name as it was seen while the page was open, or as the report has it. */
const seen = new Map();

/** @param {Run} run @param {number} k */
function sparkline(run, k) {
  const given = run.sparkline(k);
  if (given) return given;
  const i = run.names.columns.i[k];
  const kept = seen.get(i) ?? { tick: -1, values: [] };
  if (kept.tick !== run.tick.peek()) {
    kept.tick = run.tick.peek();
    kept.values = [...kept.values, run.names.columns.p95[k]].slice(-40);
    seen.set(i, kept);
  }
  return kept.values;
}

/** @param {{values: (number | null)[]}} props */
export function Spark({ values }) {
  const known = /** @type {number[]} */ (values.filter((each) => each != null));
  if (known.length < 2) return null;
  const top = Math.max(...known) || 1;
  const points = values.map((value, k) => (value == null ? null : `${((k / (values.length - 1)) * 80).toFixed(1)},${(18 - (value / top) * 16).toFixed(1)}`)).filter(Boolean).join(" ");
  return html`<svg class="spark" width="80" height="20" aria-hidden="true"><polyline points=${points} /></svg>`;
}

/** Ask again and again while it is shown. @param {() => Promise<any>} fetchIt @param {any[]} when */
function useFresh(fetchIt, when) {
  const [value, setValue] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  useEffect(() => {
    let shownStill = true;
    const load = () => fetchIt().then((each) => shownStill && (setValue(each), setError(""))).catch((/** @type {Error} */ failed) => shownStill && setError(failed.message));
    load();
    const timer = setInterval(load, EVERY_MS);
    return () => {
      shownStill = false;
      clearInterval(timer);
    };
  }, when);
  return { value, error };
}

/** @param {{run: Run}} props */
function Pinned({ run }) {
  const pins = pinned.value;
  const { value } = useFresh(() => Promise.all(pins.map((key) => run.source.series(split(key).method, split(key).name).catch(() => ({ time: [], p95: [], step: 1 })))), [pins.join("\n")]);
  const { from, to } = range(run);
  const drawn = value && value.length === pins.length ? pins : [];
  const times = [...new Set(drawn.flatMap((_, k) => value[k].time))].sort((a, b) => a - b);
  /** @type {Record<string, any[]>} */
  const series = { time: times };
  drawn.forEach((key, k) => {
    const at = new Map(value[k].time.map((/** @type {number} */ t, /** @type {number} */ n) => [t, value[k].p95[n]]));
    series[key] = times.map((t) => at.get(t) ?? null);
  });
  const [lines, setLines] = useState(/** @type {any[]} */ ([]));
  useEffect(() => setLines(pins.map((key, k) => ({ key, label: short(key), color: `--series-${(k % 6) + 1}`, dash: [[], [8, 3], [2, 3], [10, 3, 2, 3]][k % 4] }))), [pins.join("\n")]);
  return html`<${Chart} title="p95 of the pinned names" unit="ms" lines=${lines} series=${series} from=${from} to=${to} tick=${run.tick.value} theme=${shown.value} group="pins" />`;
}

/** @param {{run: Run, name: string}} props */
function Drawer({ run, name: key }) {
  const { method, name } = split(key);
  const { value: series, error } = useFresh(() => run.source.series(method, name), [key]);
  const { value: heat } = useFresh(() => run.source.heatmap(method, name), [key]);
  const { value: errors } = useFresh(() => run.source.errors(), [key]);
  const k = run.names.find(method, name);
  const { columns } = run.names;
  const { from, to } = range(run);
  const close = () => setParams({ open: null });
  const shared = { series: series ?? { time: [] }, from, to, tick: run.tick.value, theme: shown.value, group: "drawer" };
  const own = (errors?.failures ?? []).filter((/** @type {any} */ each) => each.method === method && each.name === name);
  useEffect(() => document.getElementById("drawer-title")?.focus(), []);
  const facts = k < 0 ? [] : [["requests", count(columns.requests[k])], ["failures", count(columns.failures[k])], ["p50", ms(columns.p50_run[k])], ["p95", ms(columns.p95_run[k])], ["p99", ms(columns.p99_run[k])], ["min", ms(columns.min[k])], ["mean", ms(columns.avg[k])], ["max", ms(columns.max[k])], ["mean size", bytes(columns.length[k])]];
  return html`<section class="drawer" aria-labelledby="drawer-title">
    <header><h2 id="drawer-title" tabindex="-1"><small>${method}</small> <bdi>${name}</bdi></h2><button type="button" class="quiet" aria-label="Close" onClick=${close}>✕</button></header>
    ${error && html`<p class="notice warn">${error}</p>`}
    <dl class="facts">${facts.map(([label, value]) => html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
    <${Chart} title="Throughput" unit="/s" lines=${THROUGHPUT} ...${shared} />
    <${Chart} title="Latency" unit="ms" lines=${LATENCY} ...${shared} />
    <${Heatmap} title="Latency heat map" heat=${heat} from=${from} to=${to} tick=${run.tick.value} theme=${shown.value} />
    ${own.length > 0 && html`<h3>Failures</h3><ul>${own.map((/** @type {any} */ each) => html`<li key=${each.id}><b>${count(each.occurrences)} times</b> ${each.error}</li>`)}</ul>`}
  </section>`;
}
