// The run at a glance.
import { count, figure, ms, percent, clock } from "../format.js";
import { href, kept, range, RANGES, setParams, zoom } from "../router.js";
import { ordered } from "../table.js";
import { html, Plain } from "../ui.js";
import { Chart } from "../widgets/chart.js";
import { Knee } from "../widgets/curve.js";
import { Heatmap } from "../widgets/heatmap.js";
import { WorkerGrid } from "./workers.js";

export const THROUGHPUT = [
	{ key: "rps", label: "requests", color: 1 },
	{ key: "fps", label: "failures", color: 4, dash: [4, 3] },
];
export const LATENCY = [
	{ key: "p50", label: "p50", color: 2 },
	{ key: "p95", label: "p95", color: 3, dash: [8, 3] },
	{ key: "p99", label: "p99", color: 4, dash: [2, 3] },
];
const LATE = [...LATENCY, { key: "p95_intent", label: "p95 from intent", color: 6, dash: [10, 3, 2, 3] }];
const USERS = [
	{ key: "users", label: "users", color: 1 },
	{ key: "target", label: "target", color: 5, dash: [2, 4] },
];

const PLANNED = [...USERS, { key: "plan", label: "planned", color: 6, dash: [6, 4] }];

/** Users, and what is edited as a line into the future. @type {Fn.future} */
export function future({ history, draft: { value: draft } }, from, to) {
	const n = history.time?.length ?? 0;
	if (!draft || !n || !(draft.rate > 0)) return { series: history, from, to, lines: USERS };
	const users = history.users[n - 1];
	const way = Math.abs(draft.users - users);
	const takes = Math.max(1, way / draft.rate);
	const begin = Math.max(to, history.time[n - 1]);
	const end = begin + Math.min(Math.max(takes * 1.2, 10), (to - from) / 3);
	const at = begin + takes < end ? [begin + takes, end] : [end];
	const reached = at.map((t) => users + Math.sign(draft.users - users) * Math.min(way, draft.rate * (t - begin)));
	const none = at.map(() => null);
	return {
		series: { time: [...history.time, ...at], users: [...history.users, ...none], target: [...history.target, ...none], plan: [...history.users.map((_, k) => (k === n - 1 ? users : null)), ...reached.map(Math.round)] },
		from, to: end, lines: PLANNED, last: n - 1,
	};
}

/** @type {Fn.LiveView} */
export function Live({ run, control = null }) {
	const tick = run.tick.value;
	const { from, to } = range(run);
	const shared = { series: run.history, from, to, tick, marks: marks(run), onZoom: zoom };
	const many = (run.workers.value.id ?? []).length > 1 || run.run.value.role === "master";
	return html`<${Figures} run=${run} />
		<h1 class="visually-hidden">Live</h1><${Suspect} run=${run} />
		<div class="columns">
			<div class="main-column">
				<${RangePicker} run=${run} />
				<div class="two">
					<${Chart} title="Throughput" unit="/s" lines=${THROUGHPUT} ...${shared} />
					<${Chart} title=${`Latency, last ${run.window} s`} unit="ms" lines=${run.run.value.late > 0 ? LATE : LATENCY} ...${shared} />
				</div>
				<${Heatmap} title="Latency heat map" heat=${run.heat} intent=${run.heatIntent} from=${from} to=${to} tick=${tick} />
				<div class="two">
					<div><${Chart} title="Users" unit="" ...${shared} ...${future(run, from, to)} /><${Classes} run=${run} /></div>
					<div><${Knee} run=${run} from=${from} to=${to} /><${Worst} run=${run} /></div>
				</div>
			</div>
			<aside aria-label="Control and workers">
				${control}
				${many && html`<${WorkerGrid} workers=${run.workers.value} />`}
				<${Timeline} run=${run} />
			</aside>
		</div>`;
}

/** @type {Fn.View} */
function Figures({ run }) {
	const total = run.total.value;
	const facts = run.run.value;
	const over = run.isOver.value;
	const suffix = over ? "_run" : "";
	const when = over ? "whole run" : `last ${run.window} s`;
	const { there, expected, missing } = facts.workers;
	const rps = over ? (total.rps_run ?? total.requests / (facts.elapsed || 1)) : total.rps;
	const failing = over ? percent(total.failures, total.requests) : percent(total.fps, total.rps);
	const tiles = [
		["Users", count(facts.users), `target ${count(facts.target)}`],
		["Requests/s", figure(rps), `${count(total.requests)} in all`],
		[over ? "Failed" : "Failing now", failing === "–" ? "0 %" : failing, `${count(total.failures)} in all`, (over ? total.failures : total.fps) > 0],
		["p50", ms(total[`p50${suffix}`]), when],
		["p95", ms(total[`p95${suffix}`]), when],
		["p99", ms(total[`p99${suffix}`]), when],
	];
	if (facts.role === "master") tiles.push(["Workers", `${count(there)} / ${count(Math.max(expected, there))}`, missing ? `${missing} missing` : "all heard", missing > 0]);
	if (facts.accounting) {
		const { missing: lost, merged, heard, closed, open = run.workers.value.complete.filter((each) => !each) } = facts.accounting;
		tiles.push(["Samples", lost ? `${count(lost)} missing` : closed ? "all there" : "not all known",
			lost || closed ? `${count(merged)} of ${count(heard)} merged` : `${open.length} ${open.length === 1 ? "worker" : "workers"} did not deliver the last report`, lost > 0 || !closed]);
	}
	return html`<dl class="tiles" aria-label=${over ? "Figures of the whole run" : "Figures of now"}>${tiles.map(([label, value, note, bad]) => html`<div key=${label} class=${bad ? "bad" : ""}><dt>${label}</dt><dd>${value}<small>${note}</small></dd></div>`)}</dl>`;
}

/** @type {Fn.View} */
function Suspect({ run }) {
	const { valid, reasons = [] } = run.run.value.verdict ?? {};
	const when = run.events.value.findLast(({ kind, time }) => kind === "verdict" && time >= run.run.value.started)?.time;
	return valid === false && html`<p class="notice warn" role="status"><b>Measurements suspect${when ? ` since ${clock(when)}` : ""}:</b> ${reasons.join("; ")}</p>`;
}

/** How the users are spread. @type {Fn.View} */
function Classes({ run }) {
	const { users, classes = {}, target_classes: target = {} } = run.run.value;
	const names = Object.keys({ ...target, ...classes });
	return !run.isOver.value && names.length > 0 && html`<section class="card" aria-label="Classes"><h2>Classes</h2>
		<${Plain} heads=${["class", "users", "target", "share"]} rows=${names.map((name) => [name, count(classes[name] ?? 0), count(target[name] ?? 0), percent(classes[name] ?? 0, users)])} /></section>`;
}

/** The names that most want looking at. @type {Fn.View} */
function Worst({ run }) {
	run.tick.value; // the table changes in place
	const { columns } = run.names;
	const order = ordered(columns).slice(0, 10);
	return html`<section class="card" aria-label="Endpoints to look at">
		<h2>To look at first <small>(failing, then slowest)</small></h2>
		${order.length === 0 ? html`<p class="empty">No requests yet.</p>` : html`<${Plain} heads=${["name", "failures", "p95"]} rows=${order.map((k) => [html`<a href=${href("endpoints", { ...kept(), open: `${columns.method[k]} ${columns.name[k]}` })} title=${columns.name[k]}><small>${columns.method[k]}</small> <bdi>${short(columns.name[k])}</bdi></a>`,
			failed(columns.failures[k]), ms(columns.p95[k] ?? columns.p95_run[k])])} />`}
	</section>`;
}

/** @param {number} n */
export const failed = (n) => html`<span class=${n ? "bad" : ""}>${count(n)}</span>`;

/** @param {string} name */
export const short = (name) => (name.length > 80 ? `${name.slice(0, 50)}…${name.slice(-25)}` : name);

/** @type {Fn.Timeline} */
export function Timeline({ run, limit = 40 }) {
	const events = run.events.value.slice(-limit).reverse();
	return html`<section class="card timeline" aria-label="Timeline"><h2>Timeline</h2>
		${events.length === 0 ? html`<p class="empty">Nothing has happened yet.</p>` : html`<ol class="scroll" tabindex="0" aria-label="Events, the newest first">${events.map((event) => html`<li key=${event.id} class=${loud(event) ? "loud" : event.kind}>
			<time>${clock(event.time)}</time> <span>${event.text}${event.who ? html` <small>by ${event.who} from ${event.from}</small>` : ""}${event.outcome && event.outcome !== "done" ? html` <b class="bad">${event.outcome}</b>` : ""}</span></li>`)}</ol>`}
	</section>`;
}

/** What is bad news. @param {any} event */
const loud = ({ kind, change, outcome = "done" }) => kind === "verdict" || change === "missing" || outcome !== "done";

/** @type {Fn.View} */
function RangePicker({ run }) {
	const { name } = range(run);
	const names = RANGES.includes(name) ? RANGES : [...RANGES, name];
	return html`<div class="segments range" role="group" aria-label="Time range">${names.map((each) => html`<button type="button" key=${each} aria-pressed=${each === name}
		onClick=${() => setParams({ range: each })}>${RANGES.includes(each) ? each : "zoom"}</button>`)}</div>`;
}

/** What has happened since the figures began; a worker that joins is no mark. @param {Run} run */
export const marks = (run) => run.events.value.filter(({ change, time }) => change !== "joined" && time > (run.history.time[0] ?? Infinity) - 2);
