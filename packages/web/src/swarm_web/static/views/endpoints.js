// All names: a table, a tree, a drawer for one of them, some side by side.
import { signal } from "@preact/signals";
import { useEffect, useMemo, useState } from "preact/hooks";
import { bytes, count, figure, ms } from "../format.js";
import { range, route, setParams } from "../router.js";
import { ordered, treeLines } from "../table.js";
import { Check, Close, Facts, Filter, html, toggled, useFresh } from "../ui.js";
import { Chart } from "../widgets/chart.js";
import { beside, PercentilesOf } from "../widgets/curve.js";
import { Heatmap } from "../widgets/heatmap.js";
import { columnOf, Table } from "../widgets/table.js";
import { failed, LATENCY, short, THROUGHPUT } from "./live.js";

const PINS = 8;

/** Names that are drawn side by side. */
export const pinned = signal(/** @type {string[]} */ ([]));
export const selected = signal(/** @type {number | null} */ (null));
/** What the keyboard does; set by the page that is shown. */
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

/** @type {Fn.Endpoints} */
export function Endpoints({ run, all: whole = false }) {
	run.tick.value; // the tables change in place
	const { filter = "", sort = "", tree = "", open = "", all = "", hide = "" } = route.value.params;
	const [unfolded, setUnfolded] = useState(new Set([""]));
	const { columns } = run.names;
	const order = ordered(columns, { filter, sort });
	/** @type {TreeLine[]} */
	const shownLines = tree ? treeLines(columns, order, unfolded) : order.map((position) => ({ depth: 0, label: columns.name[position], position }));
	/** @type {TreeLine[]} */
	const lines = shownLines.length ? [{ depth: 0, label: "Aggregated", path: "", sums: run.total.value }, ...shownLines] : [];
	const act = (/** @type {any} */ line) => (line.position === undefined ? setUnfolded(toggled(unfolded, line.path)) : setParams({ open: keyOf(run, line.position) }));
	keyboard.count = shownLines.length;
	keyboard.open = () => selected.value != null && shownLines[selected.value] && act(shownLines[selected.value]);
	keyboard.pin = () => {
		const line = selected.value == null ? null : shownLines[selected.value];
		if (line?.position !== undefined) pin(keyOf(run, line.position));
	};

	const facts = run.run.value;
	const every = tableColumns(run, lines, unfolded, act);
	const hidden = new Set(hide.split(".").filter(Boolean));
	return html`<h1>Endpoints</h1>
		<div class="row controls">
			<${Filter} text=${filter} hint="words of the name" />
			<span role="status">${count(order.length)} of ${count(run.names.size)}</span>
			<${Check} on=${tree} flip=${() => setParams({ tree: tree ? null : "1" })}>tree<//>
			<${Check} on=${all} flip=${() => setParams({ all: all ? null : "1" })}>all rows<//>
			<details class="menu"><summary class="button">Columns</summary><div class="card">${every.slice(1).map(({ label }) => html`<${Check} key=${label} on=${!hidden.has(label)} flip=${() => setParams({ hide: [...toggled(hidden, label)].join(".") })}>${label}<//>`)}</div></details>
			${run.live && html`<a href="stats/requests/csv" download>CSV</a>`}
		</div>
		${facts.names_full && html`<p class="notice warn">The run has more than ${count(facts.max_names)} names. Further names are counted together.</p>`}
		${pinned.value.length > 0 && html`<${Pinned} run=${run} />`}
		<${Table} label="Endpoints" columns=${every.filter(({ label }) => !hidden.has(label))} order=${lines.map((_, k) => k)} sort=${sort}
			selected=${selected.value == null ? null : selected.value + 1} height=${Math.max(360, innerHeight - 270)} all=${whole || Boolean(all)}
			rowKey=${(k) => lines[k].path ?? columns.i[/** @type {number} */ (lines[k].position)]}
			empty=${run.names.size ? "No name has these words." : "No requests yet."} />
		${open && html`<${Drawer} key=${open} run=${run} name=${open} />`}`;
}

/** @type {Fn.tableColumns} */
function tableColumns(run, lines, unfolded, act) {
	const { columns } = run.names;
	const over = run.isOver.value;
	/** @type {Fn.cell} */
	const value = (key, k) => {
		const { position, sums } = lines[k];
		return position === undefined ? sums[key] : columns[key]?.[position];
	};
	const number = columnOf(value);
	return [
		{
			key: "name", label: "name", text: true,
			cell: (k) => {
				const line = lines[k];
				const { position, path, depth, label, names } = line;
				const folder = position === undefined;
				if (path === "") return html`<b>${label}</b>`;
				return html`<button type="button" class="link" style=${{ marginInlineStart: `${depth * 1.2}em` }} aria-expanded=${folder ? unfolded.has(path) : undefined} title=${label} onClick=${() => act(line)}>
					${folder ? html`<span aria-hidden="true">${unfolded.has(path) ? "▾" : "▸"}</span> ` : html`<small>${columns.method[position]}</small> `}<bdi>${short(label)}</bdi>${folder ? html` <small>${count(names)} names</small>` : ""}</button>`;
			},
		},
		{ key: "spark", label: "p95 of late", fixed: true, cell: (k) => (lines[k].position === undefined ? "" : html`<${Spark} values=${sparkline(run, lines[k].position)} />`) },
		number("requests", "requests", count),
		number("failures", "failures", failed),
		number("rps", "req/s", figure, "requests a second, of late"),
		number("fps", "fail/s", figure, "failures a second, of late"),
		...["p50", "p95", "p99"].map((key) => number(`${key}${over ? "_run" : ""}`, `${key} ms`, figure, over ? "of the whole run" : "of the last seconds")),
		...(run.run.value.late > 0 ? [number("late", "late", count, "requests that began later than they were meant to"), number("p95_intent_run", "p95 from intent", figure, "ms from the intended start, of the whole run")] : []),
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
				return html`<button type="button" class=${on ? "pin on" : "pin"} aria-pressed=${on} aria-label=${`Pin ${short(key)}`} onClick=${() => pin(key)}>${on ? "●" : "○"}</button>`;
			},
		},
	];
}

/** The p95 of names as they were seen; a row's number stays until the next `full`. */
let seen = new Map();
/** @type {unknown} */
let seenOf;

/** @param {Run} run @param {number} k */
function sparkline(run, k) {
	const given = run.sparkline(k);
	if (given) return given;
	if (seenOf !== run.names) seen = new Map();
	seenOf = run.names;
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

/** @type {Fn.View} */
function Pinned({ run }) {
	const pins = pinned.value;
	const { value } = useFresh(() => Promise.all(pins.map((key) => run.source.series(split(key).method, split(key).name).catch(() => ({ time: [], p95: [], step: 1 })))), [pins.join("\n")]);
	const { from, to } = range(run);
	const drawn = value && value.length === pins.length ? pins : [];
	const series = beside(drawn.map((key, k) => [key, value[k].time, value[k].p95]));
	const lines = useMemo(() => pins.map((key, k) => ({ key, label: short(key), color: (k % 6) + 1, dash: [[], [8, 3], [2, 3], [10, 3, 2, 3]][k % 4] })), [pins.join("\n")]);
	return html`<${Chart} title="p95 of the pinned names" unit="ms" lines=${lines} series=${series} from=${from} to=${to} tick=${run.tick.value} group="pins" />`;
}

/** @param {{run: Run, name: string}} props */
function Drawer({ run, name: key }) {
	const { method, name } = split(key);
	const k = run.names.find(method, name);
	const { columns } = run.names;
	const late = columns.late?.[k] > 0;
	const { source } = run;
	const { value, error } = useFresh(() => Promise.all([source.series(method, name), source.heatmap(method, name), late ? source.heatmap(method, name, "intent") : null, source.errors()]), [key, late]);
	const [series, heat, intent, errors] = value ?? [];
	const { from, to } = range(run);
	const shared = { series: series ?? { time: [] }, from, to, tick: run.tick.value, group: "drawer" };
	/** @type {any[]} */
	const failures = errors?.failures ?? [];
	const own = failures.filter((each) => each.method === method && each.name === name);
	const [before] = useState(/** @type {any} */ (document.activeElement));
	useEffect(() => {
		document.getElementById("drawer-title")?.focus();
		return () => (before === document.body ? document.querySelector("tr.selected button") : before)?.focus();
	}, []);
	const timed = { p50: "p50_run", p95: "p95_run", p99: "p99_run", min: "min", mean: "avg", max: "max" };
	const facts = k < 0 ? [] : [["requests", count(columns.requests[k])], ["failures", count(columns.failures[k])], ...Object.entries(timed).map(([label, key]) => [label, ms(columns[key][k])]), ["mean size", bytes(columns.length[k])]];
	return html`<section class="drawer" aria-labelledby="drawer-title">
		<header><h2 id="drawer-title" tabindex="-1"><small>${method}</small> <bdi>${name}</bdi></h2><${Close} act=${() => setParams({ open: null })} /></header>
		${error && html`<p class="notice warn">${error}</p>`}
		<${Facts} of=${facts} />
		<${Chart} title="Throughput" unit="/s" lines=${THROUGHPUT} ...${shared} />
		<${Chart} title="Latency" unit="ms" lines=${LATENCY} ...${shared} />
		<${PercentilesOf} run=${run} method=${method} name=${name} late=${late} />
		<${Heatmap} title="Latency heat map" heat=${heat} intent=${intent} from=${from} to=${to} tick=${run.tick.value} />
		${own.length > 0 && html`<h3>Failures</h3><ul>${own.map((each) => html`<li key=${each.id}><b>${count(each.occurrences)} times</b> ${each.error}</li>`)}</ul>`}
	</section>`;
}
