// Percentiles, and latency over throughput: charts whose x axis is not time.
import { useMemo } from "preact/hooks";
import { clock, count, figure, ms } from "../format.js";
import { Close, Facts, html, shown, useFresh } from "../ui.js";
import { Chart, ink, RAMPS } from "./chart.js";

/** How long a column lasts (s): old ones are longer. @type {Fn.lasts} */
export function lasts({ time, step, steps }, k) {
	if (steps) return Math.min(time[k + 1] - time[k] || Infinity, steps.findLast(([from]) => from <= time[k])?.[1] ?? step);
	const fine = time[k] >= time[time.length - 1] - 900; // a recording without `steps`
	return fine ? step : Math.max(step, Math.min(time[k + 1] - time[k], time[k] - time[k - 1] || Infinity));
}

/** The requests of a span of time. A latency is by the same share away from both edges of its bucket. @type {Fn.readSpan} */
export function readSpan(heat, a, b) {
	const { time, bounds, columns } = heat;
	const cells = /** @type {number[]} */ (Array(bounds.length).fill(0));
	let [from, to] = [a, b];
	let all = 0;
	for (let k = 0, first = true; k < time.length; k++) {
		const end = time[k] + lasts(heat, k);
		if (time[k] >= b || end <= a) continue;
		if (first) from = time[k];
		first = false;
		to = end;
		for (let n = 0; n < columns[k].length; n += 2) {
			cells[columns[k][n]] += columns[k][n + 1];
			all += columns[k][n + 1];
		}
	}
	/** @type {Distribution & {off: number, from: number, to: number}} */
	const out = { count: all, fractions: [], ms: [], off: 0, from, to };
	let upTo = 0;
	cells.forEach((n, bucket) => {
		if (!n) return;
		const [low, high] = [bounds[bucket], bounds[bucket + 1]];
		const value = low ? (2 * low * high) / (low + high) : high / 2;
		if (!upTo) out.fractions.push(0), out.ms.push(value);
		upTo += n;
		out.fractions.push(upTo / all);
		out.ms.push(value);
		if (upTo >= all / 2) out.off = Math.max(out.off, (high - low) / (high + low)); // half of all: the lowest that is told
	});
	return out;
}

/** @type {Fn.quantile} */
export function quantile({ count: n, fractions, ms: values }, fraction) {
	if (fraction > 1 - 1 / n) return null;
	return values[fractions.findIndex((each) => each >= fraction - 1e-9)] ?? null;
}

// -- percentiles: x is 1 - q, on a logarithmic scale --

const across = (/** @type {number} */ q) => -Math.log10(1 - q);
const WRITTEN = [0.5, 0.9, 0.99, 0.999];

/** @param {number} x */
function share(x) {
	const text = (100 * (1 - 10 ** -x)).toFixed(x < 1.05 ? 1 : Math.ceil(x));
	return `${text.includes(".") ? text.replace(/\.?0+$/, "") : text} %`;
}

const NINES = { show: share, tick: share, splits: [0, Math.log10(2), 1, 2, 3, 4, 5] };

/** @type {Fn.points} */
function points({ count: n, fractions, ms: values }) {
	const end = across(1 - 1 / Math.max(n, 2));
	const x = fractions.map((q) => Math.min(end, q < 1 ? across(q) : end));
	const kept = x.map((_, k) => k).filter((k) => k === 0 || x[k] > x[k - 1]);
	return [kept.map((k) => x[k]), kept.map((k) => values[k])];
}

/** Lines as columns over all of their x. @type {Fn.beside} */
export function beside(lines) {
	const time = [...new Set(lines.flatMap(([, x]) => x))].sort((a, b) => a - b);
	return Object.fromEntries([["time", time], ...lines.map(([key, x, y]) => {
		const at = new Map(x.map((/** @type {number} */ t, /** @type {number} */ k) => [t, y[k]]));
		return [key, time.map((t) => at.get(t) ?? null)];
	})]);
}

const BOTH = [
	{ key: "service", label: "service", color: 1 },
	{ key: "intent", label: "from the intended start", color: 4, dash: [6, 3] },
];
const ONE = BOTH.slice(0, 1);

/** @type {Fn.Percentiles} */
export function Percentiles({ title, note = "", service, intent = null, stepped = false, onClose }) {
	const both = Boolean(intent?.count);
	const series = useMemo(() => beside([["service", ...points(service)], ...(both && intent ? [["intent", ...points(intent)]] : [])]), [service, intent]);
	if (!service.count) return html`<p class="empty">No requests in ${title}.</p>`;
	/** @type {any[][]} */
	const written = [...WRITTEN.map((q) => [`p${figure(100 * q)}`, quantile(service, q), both && intent ? quantile(intent, q) : null]), ...(stepped ? [] : [["max", service.ms.at(-1), both ? intent?.ms.at(-1) : null]])];
	return html`<div class="percentiles">${onClose && html`<${Close} what=" the percentiles" act=${onClose} />`}
		<${Chart} title=${title} note=${note || `ms; ${count(service.count)} requests`} unit="ms" lines=${both ? BOTH : ONE} series=${series} x=${NINES} stepped=${stepped} group="" from=${0} to=${Math.max(1, ...series.time)} tick=${series} />
		<${Facts} of=${written.map(([label, value, from]) => [label, html`${ms(value)}${from != null && html` <small>from intent</small> ${ms(from)}`}`])} /></div>`;
}

/** @type {Fn.PercentilesOf} */
export function PercentilesOf({ run, method = "", name = "", late }) {
	const ask = (/** @type {string} */ of) => run.source.percentiles(method, name, of);
	const { value } = useFresh(() => Promise.all([ask("service"), late ? ask("intent") : null]), [method, name, late], run.live && !run.isOver.value);
	return value?.[0] ? html`<section class="card"><${Percentiles} title="Percentiles of the whole run" service=${value[0]} intent=${value[1]} /></section>` : null;
}

// -- latency over throughput: where it bends, it is enough --

/** A dot for each ten seconds that are over. @type {Fn.dots} */
export function dots({ time = [], rps = [], p95 = [] }, from, to) {
	/** @type {Dot[]} */
	const out = [];
	time.forEach((t, k) => {
		if (t < from || t - (t % 10) + 10 > to || !rps[k] || p95[k] == null) return;
		const last = out.at(-1);
		if (last && last.at === t - (t % 10)) {
			last.n += 1;
			last.rps += (rps[k] - last.rps) / last.n;
			last.p95 = p95[k]; // it is of ten seconds itself
		} else out.push({ at: t - (t % 10), rps: rps[k], p95: p95[k], n: 1 });
	});
	return out;
}

const BARE = [{ key: "p95", label: "p95", color: 1, bare: true }];

/** @type {Fn.Knee} */
export function Knee({ run, from, to }) {
	const last = Math.floor(to / 10);
	const found = useMemo(() => dots(run.history, from, to), [run.history, Math.floor(from / 10), last]);
	const order = useMemo(() => found.map((_, k) => k).sort((a, b) => found[a].rps - found[b].rps), [found]);
	const series = useMemo(() => ({ time: order.map((k, n) => found[k].rps + n * 1e-7), p95: order.map((k) => found[k].p95) }), [order]);
	if (found.length < 3) return null;
	const x = { show: (/** @type {number} */ value, /** @type {number} */ k) => `${figure(value)} req/s, ${clock(found[order[k]]?.at)}`, tick: figure };
	const draw = (/** @type {any} */ plot) => drawDots(plot, found);
	const [low, high] = [series.time[0], series.time[series.time.length - 1]];
	const room = (high - low || high) / 15;
	return html`<${Chart} title="Latency over throughput" note="p95 ms over req/s, each 10 s: first pale, last strong" unit="ms" lines=${BARE} series=${series} x=${x} draw=${draw} group="" from=${Math.max(0, low - room)} to=${high + room} tick=${series} last=${order.indexOf(found.length - 1)} />`;
}

/** @type {Fn.drawDots} */
function drawDots(plot, found) {
	if (!plot.series[1].show) return;
	const { ctx } = plot;
	const ratio = devicePixelRatio || 1;
	const ramp = RAMPS[shown.value];
	ctx.save();
	ctx.lineWidth = ratio;
	ctx.font = `${11 * ratio}px system-ui, sans-serif`;
	for (const k of [...found.keys(), 0]) {
		const { rps, p95 } = found[k];
		const end = k === 0 ? "first" : k === found.length - 1 ? "last" : "";
		const [x, y] = [plot.valToPos(rps, "x", true), plot.valToPos(p95, "y", true)];
		ctx.fillStyle = `rgb(${ramp[Math.round((k / (found.length - 1)) * (ramp.length - 1))]})`;
		ctx.strokeStyle = ink(end ? "--ink" : "--mark");
		ctx.beginPath();
		ctx.arc(x, y, (end ? 5 : 3) * ratio, 0, 2 * Math.PI);
		ctx.fill();
		ctx.stroke();
		if (!end) continue;
		ctx.fillStyle = ink("--ink");
		ctx.textAlign = x > plot.bbox.left + plot.bbox.width / 2 ? "right" : "left";
		ctx.fillText(end, x + (ctx.textAlign === "right" ? -9 : 9) * ratio, y + 4 * ratio);
	}
	ctx.restore();
}
