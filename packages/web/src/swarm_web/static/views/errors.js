// What failed, grouped; and exceptions of the test's own code.
import { count, dateTime } from "../format.js";
import { route, setParams } from "../router.js";
import { comparison } from "../table.js";
import { Close, Filter, html, useFresh } from "../ui.js";
import { columnOf, Table } from "../widgets/table.js";
import { Spark } from "./endpoints.js";

/** @type {Fn.View} */
export function Errors({ run }) {
	const { kinds, occurrences, exceptions } = run.errors.value;
	const { value: found, error: failed } = useFresh(() => run.source.errors(), [kinds, occurrences, exceptions], false);
	const { sort = "-occurrences", filter = "", error: opened = "" } = route.value.params;
	/** @type {any[]} */
	const all = found?.failures ?? [];
	const words = filter.toLowerCase();
	const rows = words ? all.filter((row) => `${row.method} ${row.name} ${row.error}`.toLowerCase().includes(words)) : all;
	const thrown = (found?.exceptions ?? []).filter((/** @type {any} */ each) => `${each.msg} ${each.traceback}`.toLowerCase().includes(words));
	const columns = Object.fromEntries(["occurrences", "name", "error", "first_seen", "last_seen", "node_count"].map((key) => [key, rows.map((row) => row[key])]));
	const order = rows.map((_, k) => k).sort(comparison(columns, sort));
	const detail = all.find((row) => row.id === opened);
	const openIt = (/** @type {string | null} */ id) => setParams({ error: id });
	const column = columnOf((key, k) => rows[k][key]);
	/** @type {Column[]} */
	const shown = [
		{ key: "error", label: "error", text: true, cell: (k) => html`<button type="button" class="link message" aria-expanded=${rows[k].id === opened} title=${rows[k].error} onClick=${() => openIt(rows[k].id === opened ? null : rows[k].id)}>${rows[k].error}</button>` },
		{ key: "name", label: "name", text: true, cell: (k) => html`<small>${rows[k].method}</small> <bdi title=${rows[k].name}>${rows[k].name}</bdi>` },
		column("occurrences", "times", count),
		{ key: "spark", label: "of late", fixed: true, cell: (k) => html`<${Spark} values=${rows[k].series?.counts ?? []} />` },
		{ key: "node_count", label: "workers", cell: (k) => html`<span title=${nodesOf(rows[k])}>${count(rows[k].node_count)}</span>` },
		column("first_seen", "first", dateTime),
		column("last_seen", "last", dateTime),
	];
	return html`<h1>Errors</h1>
		${failed && html`<p class="notice warn">${failed}</p>`}
		<div class="row controls">
			<${Filter} text=${filter} hint="name or message" />
			<span>${count(occurrences)} failures of ${count(kinds)} ${kinds === 1 ? "kind" : "kinds"}</span>
			${run.live && html`<a href="stats/failures/csv" download>CSV</a>`}
		</div>
		<${Table} label="Failures" sort=${sort} order=${order} rowKey=${(k) => rows[k].id} height=${360}
			empty=${found ? "No request has failed." : "Loading…"} columns=${shown} />
		${detail && html`<section class="card" aria-label="The failure"><div class="row between"><h2><small>${detail.method}</small> <bdi>${detail.name}</bdi></h2><${Close} act=${() => openIt(null)} /></div>
			<pre class="whole" tabindex="0" role="region" aria-label="Message">${detail.error}</pre>
			${detail.nodes && html`<p>${count(detail.occurrences)} times, on ${count(detail.node_count)} ${detail.node_count === 1 ? "node" : "nodes"}: <bdi>${nodesOf(detail)}</bdi></p>`}</section>`}
		${found?.more.kinds > 0 && html`<p>And ${count(found.more.kinds)} more kinds with ${count(found.more.occurrences)} failures.</p>`}
		<h2>Exceptions <small>(in the test's own code)</small></h2>
		${!thrown.length ? html`<p class="empty">${words && exceptions ? "None has these words." : "None."}</p>` : html`${run.live && html`<p><a href="exceptions/csv" download>CSV</a></p>`}<ul class="groups">${thrown.map((/** @type {any} */ each) => html`<li key=${each.id} class="card"><details>
			<summary><b>${count(each.count)} ×</b> ${each.traceback.trim().split("\n").pop()} <small>on ${each.nodes.join(", ")}</small></summary>
			<pre tabindex="0" role="region" aria-label=${`Traceback of ${each.msg}`}>${each.traceback}</pre></details></li>`)}</ul>`}`;
}

/** The answer names the first ones. @param {any} row */
const nodesOf = ({ nodes = [], node_count: n }) => `${nodes.join(", ")}${n > nodes.length ? ` and ${count(n - nodes.length)} more` : ""}`;
