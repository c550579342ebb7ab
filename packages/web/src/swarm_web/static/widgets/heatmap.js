// Latency over time: a column a step, a row a bucket of the histogram, the colour its requests a second (log).
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { clock, count, ms, percent } from "../format.js";
import { html, shown as theme } from "../ui.js";
import { ink, RAMPS, rgb } from "./chart.js";
import { lasts, Percentiles, readSpan } from "./curve.js";

const HEIGHT = 150;
const LEFT = 56;
const RIGHT = 24; // both as the charts have it

/** @type {Fn.extent} */
export function extent(heat, from, to) {
	let low = Infinity;
	let high = -1;
	let most = 0;
	heat.columns.forEach((column, k) => {
		if (heat.time[k] < from || heat.time[k] > to) return;
		for (let n = 0; n < column.length; n += 2) {
			if (column[n] < low) low = column[n];
			if (column[n] > high) high = column[n];
			most = Math.max(most, Math.abs(column[n + 1]));
		}
	});
	return high < 0 ? { low: 0, high: 0, most: 0 } : { low: Math.max(0, low - 1), high: Math.min(heat.bounds.length - 2, high + 1), most };
}

/** Decades, and 2 and 5 between them where there is room. @type {Fn.ticks} */
export function ticks(bounds, low, high, height) {
	const out = /** @type {ReturnType<Fn.ticks>} */ ([]);
	for (const digit of [1, 5, 2])
		for (let power = 5; power > -3; power--) {
			const value = Number(`${digit}e${power}`);
			const bucket = bounds.findIndex((bound, k) => bound <= value && value < bounds[k + 1]);
			if (bucket < low || bucket > high) continue;
			const y = height * (1 - (bucket - low + (value - bounds[bucket]) / (bounds[bucket + 1] - bounds[bucket])) / (high - low + 1));
			if (out.every((each) => Math.abs(each.y - y) >= 15)) out.push({ value, y });
		}
	return out;
}

/** What was counted more in `a` than in `b`. @type {Fn.difference} */
export function difference(a, b, from, to) {
	const at = new Map(b.time.map((t, k) => [t, b.columns[k]]));
	const columns = a.time.map((t, k) => {
		if (t < from || t > to) return [];
		const cells = new Map();
		for (const [column, sign] of /** @type {[number[], number][]} */ ([[a.columns[k], 1], [at.get(t) ?? [], -1]]))
			for (let n = 0; n < column.length; n += 2) cells.set(column[n], (cells.get(column[n]) ?? 0) + sign * column[n + 1]);
		return [...cells].filter(([, n]) => n).sort(([x], [y]) => x - y).flat();
	});
	return { ...a, columns };
}

/** @type {Fn.readColumn} */
export function readColumn(column, bucket) {
	let all = 0;
	let here = 0;
	let upTo = 0;
	for (let n = 0; n < column.length; n += 2) {
		all += column[n + 1];
		if (column[n] === bucket) here = column[n + 1];
		if (column[n] <= bucket) upTo += column[n + 1];
	}
	return { all, here, upTo };
}

const OF = { service: "service", intent: "intended start", difference: "difference" };

/** @type {Fn.Heatmap} */
export function Heatmap({ title, heat, intent = null, from, to, tick }) {
	const canvas = useRef(/** @type {any} */ (null));
	const picture = useMemo(() => document.createElement("canvas"), []);
	const grasp = useRef(0);
	const [of, setOf] = useState("service");
	const [spot, setSpot] = useState(/** @type {Spot | null} */ (null));
	const [span, setSpan] = useState(/** @type {{a: number, b: number, open: boolean} | null} */ (null));
	const late = Boolean(intent?.columns.length);
	const chosen = late && of !== "service" ? intent : heat;
	const differs = late && of === "difference";
	const drawn = useMemo(() => (differs && heat && intent ? difference(intent, heat, from, to) : chosen), [chosen, differs, differs && tick, differs && from, differs && to]);
	const shown = drawn?.columns.length ? drawn : null;
	const { high, low, most } = useMemo(() => (shown ? extent(shown, from, to) : { high: 0, low: 0, most: 0 }), [shown, tick, from, to]);

	useEffect(() => {
		if (canvas.current && shown && most) paint(canvas.current, picture, shown, from, to, low, high, differs);
		else if (canvas.current) canvas.current.width = 0;
	}, [tick, from, to, theme.value, shown]);

	const where = (/** @type {any} */ event) => {
		const { left, top, width } = event.currentTarget.getBoundingClientRect();
		const part = Math.min(1, Math.max(0, (event.clientX - left - LEFT) / (width - LEFT - RIGHT)));
		return { t: from + part * (to - from), bucket: low + Math.floor((1 - Math.min(0.999, (event.clientY - top) / HEIGHT)) * (high - low + 1)) };
	};
	/** @type {Fn.Hands} */
	const hands = {
		onPointerDown: (event) => {
			if (event.button || !shown) return;
			grasp.current = where(event).t;
			canvas.current?.setPointerCapture(event.pointerId);
		},
		onPointerMove: (event) => {
			const { t, bucket } = where(event);
			setSpot({ t, bucket });
			const far = Math.abs(t - grasp.current) > (to - from) / 200;
			if (grasp.current && far) setSpan({ a: Math.min(t, grasp.current), b: Math.max(t, grasp.current), open: false });
		},
		onPointerUp: () => {
			grasp.current = 0;
			if (span) setSpan({ ...span, open: true });
		},
		onPointerLeave: () => setSpot(null),
	};
	const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
		const { key, shiftKey } = event;
		const step = Math.max(shown?.step ?? 1, Math.ceil((to - from) / 120));
		const { t, bucket } = spot ?? { t: to - step / 2, bucket: Math.round((low + high) / 2) };
		const by = { ArrowLeft: -step, ArrowRight: step, Home: -Infinity, End: Infinity, ArrowUp: 0, ArrowDown: 0 }[key];
		if (key === "Escape" && span) setSpan(null);
		else if (by !== undefined && shown) {
			const next = Math.min(to - step / 2, Math.max(from + step / 2, t + by));
			setSpot({ t: next, bucket: Math.min(high, Math.max(low, bucket + Number(key === "ArrowUp") - Number(key === "ArrowDown"))), keyed: true });
			if (shiftKey && by) {
				grasp.current ||= t;
				setSpan({ a: Math.min(grasp.current, next), b: Math.max(grasp.current, next), open: true });
			} else grasp.current = 0;
		} else return;
		event.preventDefault();
		event.stopPropagation();
	};
	const part = (/** @type {number} */ t) => `calc(${LEFT}px + (100% - ${LEFT + RIGHT}px) * ${Math.min(1, Math.max(0, (t - from) / (to - from)))})`;
	const label = shown ? `${title}: from ${ms(shown.bounds[low])} to ${ms(shown.bounds[high + 1])}, up to ${count(most)} requests in one cell. Arrow keys move, with Shift they mark a span.` : `${title}: no requests yet`;
	const row = HEIGHT / (high - low + 1);
	return html`<figure class="card heatmap">
		<figcaption class="row between"><span>${title} <small>${differs ? html`(requests by cell: <b style=${{ color: "var(--series-4)" }} aria-hidden="true">■</b> more from the intended start, <b style=${{ color: "var(--series-1)" }} aria-hidden="true">▬</b> fewer)` : "(colour is requests a second)"}</small></span>
			<span class="row">${late && html`<span class="segments" role="group" aria-label="Latency of">${Object.entries(OF).map(([key, name]) => html`<button type="button" key=${key} aria-pressed=${of === key} onClick=${() => setOf(key)}>${name}</button>`)}</span>`}
			${shown && html`<button type="button" aria-expanded=${Boolean(span?.open)} onClick=${() => setSpan(span?.open ? null : { a: from, b: to, open: true })}>Percentiles</button>`}</span></figcaption>
		<div class="map" ...${hands}>
			<canvas ref=${canvas} height=${HEIGHT} role="img" tabindex="0" aria-label=${label} onKeyDown=${onKeyDown} onBlur=${() => setSpot(null)}></canvas>
			${span && span.b > from && span.a < to && html`<div class="span" style=${{ left: part(span.a), width: `calc(${part(span.b)} - ${part(span.a)})` }}></div>`}
			${spot?.keyed && html`<div class="cell" style=${{ left: part(spot.t), top: `${(high - spot.bucket) * row}px`, height: `${row}px` }}></div>`}
		</div>
		<p class="hint" role=${spot?.keyed ? "status" : undefined}>${(spot && shown && describe(shown, spot, differs)) || (shown ? "Point at a cell for its count; drag over a span for its percentiles." : "No requests yet.")}</p>
		${span?.open && shown && html`<${Span} heat=${heat} intent=${late && of !== "service" ? intent : null} span=${span} tick=${tick} onClose=${() => setSpan(null)} />`}
	</figure>`;
}

/** What is in a cell. @type {Fn.describe} */
function describe(heat, { t, bucket }, differs) {
	let k = heat.time.length - 1;
	while (k > 0 && heat.time[k] > t) k--;
	if (k < 0 || heat.time[k] > t) return "";
	const { all, here, upTo } = readColumn(heat.columns[k], bucket);
	const took = `took ${ms(heat.bounds[bucket])} to ${ms(heat.bounds[bucket + 1])}`;
	if (differs) return `${clock(heat.time[k])}: ${count(Math.abs(here))} requests ${here < 0 ? "fewer" : "more"} ${took} from the intended start`;
	return `${clock(heat.time[k])}: ${count(here)} of ${count(all)} requests ${took} (${percent(here, all)}; ${percent(upTo, all)} took no longer)`;
}

/** The percentile curve of a span of time. @param {any} props */
function Span({ heat, intent, span: { a, b }, tick, onClose }) {
	const fresh = b > heat.time[heat.time.length - 1] - 10 && tick; // columns of before do not change
	const read = useMemo(() => readSpan(heat, a, b), [heat, a, b, fresh]);
	const other = useMemo(() => intent && readSpan(intent, a, b), [intent, a, b, fresh]);
	return html`<${Percentiles} title=${`Percentiles from ${clock(read.from)} to ${clock(read.to)}`} note=${`${count(read.count)} requests, from the heat map's buckets, ±${Math.ceil(100 * Math.max(read.off, other?.off ?? 0))} %`}
		service=${read} intent=${other} stepped onClose=${onClose} />`;
}

/** A pixel for each cell, stretched. @type {Fn.paint} */
function paint(canvas, picture, heat, from, to, low, high, signed) {
	const ratio = devicePixelRatio || 1;
	canvas.width = Math.round((canvas.clientWidth || 600) * ratio);
	canvas.height = HEIGHT * ratio;
	const area = Math.max(1, Math.round(canvas.width - (LEFT + RIGHT) * ratio));
	const parts = signed ? 3 : 1; // fewer than in the other map are a bar in the middle of their cell
	const image = new ImageData(area, parts * (high - low + 1));
	const pixels = new Uint32Array(image.data.buffer);
	const ramps = signed ? [rgb("--series-1"), rgb("--series-4")].map((color) => [color]) : [RAMPS[theme.value]];
	const inSight = heat.time.map((_, k) => k).filter((k) => heat.time[k] + lasts(heat, k) > from && heat.time[k] < to);
	const strength = (/** @type {number} */ n, /** @type {number} */ k) => Math.log2(1 + (Math.abs(n) * heat.step) / lasts(heat, k));
	const strongest = Math.max(1, ...inSight.map((k) => strength(Math.max(0, ...heat.columns[k].map((n, at) => (at % 2 ? Math.abs(n) : 0))), k)));
	for (const k of inSight) {
		const column = heat.columns[k];
		const x = Math.floor(((heat.time[k] - from) * area) / (to - from));
		const end = Math.min(area, Math.max(x + 1, Math.ceil(x + (lasts(heat, k) * area) / (to - from))));
		for (let n = 0; n < column.length; n += 2) {
			const strong = strength(column[n + 1], k) / strongest;
			const ramp = ramps[Number(signed && column[n + 1] > 0)];
			const [r, g, b] = ramp[Math.round(strong * (ramp.length - 1))];
			const alpha = signed ? 80 + Math.round(175 * strong) : 255;
			const thin = Number(signed && column[n + 1] < 0);
			for (let y = parts * (high - column[n]) + thin, last = y + parts - 2 * thin; y < last; y++) pixels.fill((alpha << 24) | (b << 16) | (g << 8) | r, y * area + Math.max(0, x), y * area + end);
		}
	}
	picture.width = area;
	picture.height = image.height;
	picture.getContext("2d")?.putImageData(image, 0, 0);
	const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
	pen.imageSmoothingEnabled = false;
	pen.drawImage(picture, LEFT * ratio, 0, area, canvas.height);
	pen.fillStyle = ink("--quiet");
	pen.font = `${11 * ratio}px system-ui, sans-serif`;
	pen.textAlign = "right";
	for (const { value, y } of ticks(heat.bounds, low, high, HEIGHT))
		pen.fillText(value < 1000 ? ms(value) : `${value / 1000} s`, (LEFT - 6) * ratio, Math.max(10, Math.min(y + 4, HEIGHT - 2)) * ratio);
}
