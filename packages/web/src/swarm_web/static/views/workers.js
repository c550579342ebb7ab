// Each worker: what it does, how it is, and whether all that it measured has arrived.
import { bytes, clock, count, figure, ms, percent, shortNode } from "../format.js";
import { route } from "../router.js";
import { comparison } from "../table.js";
import { html } from "../ui.js";
import { columnOf, Table } from "../widgets/table.js";

const WORST = /** @type {Record<string, number>} */ ({ missing: 0, busy: 1, slow: 2, draining: 3, "": 4 });
const MAY_LEAVE = ["ready", "spawning", "running"];

/** @type {Fn.Workers} */
export function Workers({ run, drain, off }) {
	const { value: workers } = run.workers;
	const { sort = "" } = route.value.params;
	const all = workers.id ?? [];
	/** @type {(a: number, b: number) => number} */
	const by = sort ? comparison(workers, sort) : (a, b) => WORST[trouble(workers, a)] - WORST[trouble(workers, b)] || a - b;
	const order = all.map((_, k) => k).sort(by);
	const now = run.time.value;
	const column = columnOf((key, k) => workers[key]?.[k]);
	const { actions, role, workers: known } = run.run.value;
	// The last worker of a run that goes on stays.
	const leave = role === "master" && (known.there > 1 || !actions.includes("stop")) && drain;
	/** @type {Column[]} */
	const columns = [
		{ key: "id", label: "worker", text: true, cell: (k) => html`<bdi title=${all[k]}>${shortNode(all[k])}</bdi>` },
		{ key: "state", label: "state", text: true, cell: (k) => [...new Set([workers.state[k], trouble(workers, k)])].filter(Boolean).join(", ") },
		column("users", "users", count),
		column("rps", "req/s", figure),
		column("cpu", "CPU", (n) => percent(n, 100)),
		column("memory", "memory", bytes),
		column("lag", "loop lag p99", ms, "how late the worker's event loop runs"),
		{ key: "offset", label: "clock offset", hint: "against the master's clock", cell: (k) => (workers.offset[k] == null ? "–" : `${figure(workers.offset[k] * 1000)} ± ${figure((workers.offset_error[k] ?? 0) * 1000)} ms`) },
		{ key: "heard_at", label: "last heard", cell: (k) => (workers.heard_at[k] == null ? "–" : run.live && !run.isOver.value ? `${figure(Math.max(0, Math.round(now - workers.heard_at[k])))} s ago` : clock(workers.heard_at[k])) },
		column("deltas", "reports", count, "merged and acknowledged"),
		{ key: "samples_merged", label: "samples", hint: "merged of those heard of", cell: (k) => `${count(workers.samples_merged[k])} of ${count(workers.samples_heard[k])}` },
		column("complete", "complete", (all) => (all ? "yes" : "not yet")),
	];
	if (leave) columns.splice(1, 0, { key: "drain", label: "action", text: true, fixed: true, cell: (k) => MAY_LEAVE.includes(workers.state[k]) && html`<button type="button" class="link" aria-label=${`Drain ${all[k]}`} ...${off} onClick=${() => leave(all[k], workers.users[k])}>Drain</button>` });
	return html`<h1>Workers</h1>
		<${Accounting} run=${run} />
		<${WorkerGrid} workers=${workers} />
		<${Table} label="Workers" sort=${sort} order=${order} rowKey=${(k) => all[k]} rowClass=${(k) => trouble(workers, k)} columns=${columns} empty="No worker is there yet." />`;
}

/** Whether all that was measured has arrived. @type {Fn.View} */
export function Accounting({ run: { run: { value: { accounting } } } }) {
	return accounting && html`<p class=${accounting.missing || !accounting.closed ? "notice warn" : "notice"}>${accounting.text}</p>`;
}

// -- all at a glance --

export const SLOW_LAG_MS = 20;
export const BUSY_CPU = 90;

/** What is to be said of a worker, "" for nothing. @type {Fn.ofWorker} */
export function trouble(workers, k) {
	if (["missing", "draining"].includes(workers.state[k])) return workers.state[k];
	if ((workers.cpu[k] ?? 0) > BUSY_CPU) return "busy";
	return (workers.lag[k] ?? 0) > SLOW_LAG_MS ? "slow" : "";
}

const SIGNS = /** @type {Record<string, string>} */ ({ missing: "✕", busy: "!", slow: "!", draining: "→", ready: "○", spawning: "↑", stopping: "↓", stopped: "–", left: "–", paused: "‖" });

/** @type {Fn.sentence} */
function sentence(workers, k, id = shortNode(workers.id[k])) {
	const what = trouble(workers, k);
	if (what === "missing") return `${id} is missing`;
	return `${id}: ${workers.state[k]}, CPU ${percent(workers.cpu[k], 100)}, loop lag ${ms(workers.lag[k])}`;
}

/** @param {{workers: Columns}} props */
export function WorkerGrid({ workers }) {
	const ids = workers.id ?? [];
	const bad = ids.map((_, k) => k).filter((k) => trouble(workers, k));
	return html`<section class="card workers-card" aria-label="Workers">
		<h2>Workers <small>(${ids.length})</small></h2>
		<ul class="worker-grid" tabindex="0" aria-label="All workers">${ids.map((id, k) => html`<li key=${id} class=${trouble(workers, k) || workers.state[k]} title=${sentence(workers, k, id)}><span class="visually-hidden">${sentence(workers, k)}</span><span aria-hidden="true">${SIGNS[trouble(workers, k) || workers.state[k]] ?? "✓"}</span></li>`)}</ul>
		${bad.length > 0 && html`<p>${bad.slice(0, 5).map((k, n) => html`<span title=${ids[k]}>${n > 0 && " · "}${sentence(workers, k)}</span>`)}${bad.length > 5 ? ` · and ${bad.length - 5} more` : ""}</p>`}
	</section>`;
}
