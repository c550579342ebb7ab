// A chart: uPlot on a canvas, with a legend, a name and values for those who do not see it, the arrow keys as a cursor,
// and its rows as a table.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { clock, figure } from "../format.js";
import { html, Plain, shown, toggled } from "../ui.js";

const uPlot = () => /** @type {any} */ (globalThis).uPlot;
const ROWS = 25;

/** @param {string} name */
export const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @type {Fn.Chart} */
export function Chart({ title, unit, lines, series, from, to, marks = [], tick, group = "run", x, stepped = false, note, last, draw, onZoom }) {
	const theme = shown.value;
	const box = useRef(/** @type {any} */ (null));
	const plot = useRef(/** @type {any} */ (null));
	const now = useRef({ from, to, marks, draw, x });
	now.current = { from, to, marks, draw, x };
	const when = (/** @type {number} */ t, k = 0) => (x ? x.show(t, k) : clock(t));
	const [hidden, setHidden] = useState(new Set([""]));
	const [cursor, setCursor] = useState(/** @type {number | null} */ (null));
	const [asTable, setAsTable] = useState(false);
	const id = useMemo(() => `chart-${Math.random().toString(36).slice(2, 9)}`, []);
	const times = series.time ?? [];
	const at = cursor == null || cursor >= times.length ? (last ?? times.length - 1) : cursor;
	const here = when(times[at], at);
	const said = cursor == null ? [] : marks.filter(({ time }) => Math.abs(time - times[at]) <= Math.max(0.5, (to - from) / 150)).map(({ text }) => text);
	const values = lines.map((line) => `${line.label} ${figure(series[line.key]?.[at])} ${unit}`).join(", ");

	useEffect(() => {
		const host = box.current;
		if (!uPlot()) return undefined;
		const made = new (uPlot())(options({ host, lines, unit, now, group, stepped, when, onZoom, onCursor: setCursor }), data(series, lines), host);
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
		const next = Math.max(0, Math.min(times.length - 1, (cursor ?? at) + by));
		setCursor(next);
		const made = plot.current;
		if (made) made.setCursor({ left: made.valToPos(times[next], "x"), top: 10 });
	};
	/** @type {Record<string, number>} */
	const keys = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
	const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
		if (event.key === "d" && !event.ctrlKey && !event.metaKey && !event.altKey) setAsTable(!asTable);
		else if (event.key in keys) move(keys[event.key] * (event.shiftKey ? 10 : 1));
		else return;
		event.preventDefault();
		event.stopPropagation();
	};

	return html`<figure class="card chart" aria-labelledby=${`${id}-title`}>
		<figcaption id=${`${id}-title`}>${title} ${(note || unit) && html`<small>(${note || unit})</small>`}</figcaption>
		<div class="plot" role="img" tabindex="0" aria-label=${`${title}: ${values} at ${here}. Arrow keys move, d shows a table.`}
			onKeyDown=${onKeyDown} ref=${box}></div>
		${cursor != null && html`<p class=${times[at] > (from + to) / 2 ? "tip left" : "tip"} aria-hidden="true"><b>${here}</b>${said.map((text) => html`<span>${text}</span>`)}</p>`}
		<ul class="legend">
			${lines.map((line) => html`<li key=${line.key}><button type="button" aria-pressed=${!hidden.has(line.key)} onClick=${() => setHidden(toggled(hidden, line.key))}>
				<svg width="22" height="8" aria-hidden="true"><line x1="0" y1="4" x2="22" y2="4" stroke=${`var(--series-${line.color})`} stroke-width="2.5" stroke-dasharray=${(line.dash ?? []).join(" ")} /></svg>
				${line.label} <b>${figure(series[line.key]?.[at])}</b></button></li>`)}
		</ul>
		<p class="visually-hidden" role="status">${cursor == null ? "" : [`${here}: ${values}`, ...said].join(". ")}</p>
		${asTable && html`<${Rows} title=${title} unit=${unit} lines=${lines} series=${series} when=${when} across=${x && "at"} />`}
	</figure>`;
}

/** @type {Fn.Rows} */
function Rows({ title, unit, lines, series, when, across = "time" }) {
	const n = series.time.length;
	const rows = Array.from({ length: Math.min(ROWS, n) }, (_, k) => n - 1 - k);
	return html`<div class="scroll" tabindex="0" role="region" aria-label=${`${title}, rows`}><${Plain} heads=${[across, ...lines.map(({ label }) => `${label} (${unit})`)]}
		rows=${rows.map((k) => [when(series.time[k], k), ...lines.map(({ key }) => figure(series[key]?.[k]))])} /></div>`;
}

/** @param {Record<string, any[]>} series @param {ChartLine[]} lines */
const data = (series, lines) => [series.time ?? [], ...lines.map((line) => series[line.key] ?? (series.time ?? []).map(() => null))];

/** Those whose labels do not touch. @type {Fn.roomy} */
function roomy(splits, to, width) {
	let free = Infinity;
	return splits.toReversed().filter((at) => {
		const x = (at / to) * (width - 90);
		if (at > to || free - x < 52) return false;
		free = x;
		return true;
	}).reverse();
}

/** @type {Fn.plotOptions} */
function options({ host, lines, unit, now, group, stepped, when, onZoom, onCursor }) {
	const grid = { stroke: ink("--grid"), width: 1 };
	const axis = { stroke: ink("--quiet"), grid, ticks: grid, font: "11px system-ui, sans-serif" };
	return {
		width: host.clientWidth || 400,
		height: 180,
		padding: [14, now.current.x ? 34 : 24, 0, 0], // room for the marks' letters, and for half of the last time
		legend: { show: false },
		cursor: { ...(group && { sync: { key: group, setSeries: false } }), drag: { x: Boolean(onZoom), y: false, setScale: false }, points: { size: 6 } },
		scales: { x: { time: now.current.x?.time ?? !now.current.x, range: () => [now.current.from, now.current.to] }, y: { range: (_, __, high) => [0, high > 0 ? high * 1.08 : 1] } },
		axes: [
			{ ...axis, size: 26, space: 60, ...(now.current.x?.splits && { splits: (made) => roomy(now.current.x.splits, now.current.to, made.width) }), values: (_, splits) => splits.map((t) => (now.current.x ? now.current.x.tick(t) : now.current.to - now.current.from < 600 ? when(t).slice(0, 8) : when(t).slice(0, 5))) },
			{ ...axis, size: 56, values: (_, splits) => splits.map((value) => figure(value)), unit },
		],
		series: [{}, ...lines.map((line) => ({ label: line.label, stroke: ink(`--series-${line.color}`), width: 1.5, dash: line.dash, points: { show: false }, spanGaps: Boolean(now.current.x), ...(line.bare && { paths: () => null }), ...(stepped && { paths: uPlot().paths.stepped({ align: -1 }) }) }))],
		hooks: {
			draw: [(made) => (drawMarks(made, now.current.marks), now.current.draw?.(made))],
			setCursor: [(made) => onCursor(made.cursor.left >= 0 ? made.cursor.idx : null)],
			setSelect: [(made) => {
				if (made.select.width > 4) onZoom(made.posToVal(made.select.left, "x"), made.posToVal(made.select.left + made.select.width, "x"));
				made.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
			}],
		},
	};
}

/** The letter and the dashes of a mark. @type {Record<string, [string, number[]]>} */
const MARKS = { state: ["S", []], command: ["C", [5, 3]], worker: ["W", [1, 3]], verdict: ["!", []] };

/** @type {Fn.drawMarks} */
function drawMarks(made, marks) {
	const { ctx, bbox } = made;
	const ratio = devicePixelRatio || 1;
	let free = -Infinity;
	ctx.save();
	ctx.font = `${9 * ratio}px system-ui, sans-serif`;
	ctx.textAlign = "center";
	for (const { time, kind } of marks) {
		if (time < made.scales.x.min || time > made.scales.x.max) continue;
		const [letter, dash] = MARKS[kind] ?? MARKS.state;
		const x = Math.round(made.valToPos(time, "x", true)) + 0.5;
		ctx.strokeStyle = ctx.fillStyle = ink(kind === "verdict" ? "--warn" : "--mark");
		ctx.setLineDash(dash.map((each) => each * ratio));
		ctx.beginPath();
		ctx.moveTo(x, bbox.top);
		ctx.lineTo(x, bbox.top + bbox.height);
		ctx.stroke();
		if (x < free) continue;
		ctx.fillText(letter, x, bbox.top - 3 * ratio);
		free = x + 9 * ratio;
	}
	ctx.restore();
}

// -- colours for more and more --

/** @param {number[][]} stops */
const ramp = (stops) => Array.from({ length: 32 }, (_, k) => {
	const at = (k / 31) * (stops.length - 1);
	const [a, b] = [stops[Math.floor(at)], stops[Math.ceil(at)]];
	return a.map((value, n) => Math.round(value + (b[n] - value) * (at % 1)));
});

/** Red, green and blue, for each theme. @type {Record<string, number[][]>} */
export const RAMPS = {
	light: ramp([[222, 235, 250], [122, 171, 226], [37, 99, 201], [14, 33, 96]]),
	dark: ramp([[24, 44, 82], [37, 99, 201], [110, 180, 245], [240, 248, 255]]),
};

/** The same of a custom property. @param {string} name */
export function rgb(name) {
	const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
	pen.fillStyle = ink(name);
	return [1, 3, 5].map((at) => parseInt(String(pen.fillStyle).slice(at, at + 2), 16));
}
