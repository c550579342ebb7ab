// What failed, grouped; and exceptions of the test's own code with their tracebacks.
import { useEffect, useState } from "preact/hooks";
import { count, dateTime } from "../format.js";
import { route, setParams } from "../router.js";
import { comparison } from "../table.js";
import { html } from "../ui.js";
import { Table } from "../widgets/table.js";
import { Spark } from "./endpoints.js";

/** @typedef {import("../run.js").Run} Run */

/** @param {{run: Run}} props */
export function Errors({ run }) {
  const mark = run.errors.value;
  const { kinds, occurrences, exceptions } = mark;
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState("");
  useEffect(() => {
    let wanted = true;
    run.source.errors().then((value) => wanted && (setFound(value), setFailed(""))).catch((error) => wanted && setFailed(error.message));
    return () => {
      wanted = false;
    };
  }, [kinds, occurrences, exceptions]);
  const { sort = "-occurrences", filter = "" } = route.value.params;
  const all = found?.failures ?? [];
  const words = filter.toLowerCase();
  const rows = words ? all.filter((/** @type {any} */ row) => `${row.method} ${row.name} ${row.error}`.toLowerCase().includes(words)) : all;
  const columns = { occurrences: rows.map((/** @type {any} */ row) => row.occurrences), name: rows.map((/** @type {any} */ row) => row.name), error: rows.map((/** @type {any} */ row) => row.error), last_seen: rows.map((/** @type {any} */ row) => row.last_seen), first_seen: rows.map((/** @type {any} */ row) => row.first_seen) };
  const order = rows.map((/** @type {any} */ _, /** @type {number} */ k) => k).sort(comparison(columns, sort));
  return html`<h1>Errors</h1>
    ${failed && html`<p class="notice warn">${failed}</p>`}
    <div class="row controls">
      <label>Filter <input id="filter" type="search" value=${filter} placeholder="name or message" onInput=${(/** @type {InputEvent} */ event) => setParams({ filter: /** @type {HTMLInputElement} */ (event.currentTarget).value })} /></label>
      <span>${count(occurrences)} failures of ${count(kinds)} kinds</span>
      ${run.live && html`<a href="stats/failures/csv" download>CSV</a>`}
    </div>
    <${Table} label="Failures" sort=${sort} onSort=${(/** @type {string} */ next) => setParams({ sort: next || null })} order=${order} rowKey=${(/** @type {number} */ k) => rows[k].id} height=${360}
      empty=${found ? "No request has failed." : "Loading…"} columns=${[
        { key: "error", label: "error", text: true, cell: (/** @type {number} */ k) => html`<span class="message" title=${rows[k].error}>${rows[k].error}</span>` },
        { key: "name", label: "name", text: true, cell: (/** @type {number} */ k) => html`<small>${rows[k].method}</small> <bdi title=${rows[k].name}>${rows[k].name}</bdi>` },
        { key: "occurrences", label: "times", cell: (/** @type {number} */ k) => count(rows[k].occurrences) },
        { key: "spark", label: "of late", fixed: true, cell: (/** @type {number} */ k) => html`<${Spark} values=${rows[k].series?.counts ?? []} />` },
        { key: "first_seen", label: "first", cell: (/** @type {number} */ k) => dateTime(rows[k].first_seen) },
        { key: "last_seen", label: "last", cell: (/** @type {number} */ k) => dateTime(rows[k].last_seen) },
      ]} />
    ${found?.more?.kinds > 0 && html`<p>And ${count(found.more.kinds)} more kinds with ${count(found.more.occurrences)} failures.</p>`}
    <h2>Exceptions <small>(in the test's own code)</small></h2>
    ${run.live && found?.exceptions?.length > 0 && html`<p><a href="exceptions/csv" download>CSV</a></p>`}
    ${(found?.exceptions ?? []).length === 0 ? html`<p class="empty">None.</p>` : html`<ul class="groups">${found.exceptions.map((/** @type {any} */ each) => html`<li key=${each.id} class="card"><details>
      <summary><b>${count(each.count)} ×</b> ${each.msg} <small>on ${each.nodes.join(", ")}</small></summary>
      <pre tabindex="0" role="region" aria-label=${`Traceback of ${each.msg}`}>${each.traceback}</pre></details></li>`)}</ul>`}`;
}
