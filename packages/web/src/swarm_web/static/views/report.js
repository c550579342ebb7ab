// What can be taken away from a run.
import { count, dateTime, duration } from "../format.js";
import { html } from "../ui.js";
import { Timeline } from "./live.js";

/** @typedef {import("../run.js").Run} Run */

const DOWNLOADS = [
  ["api/v1/report.html?download=1", "HTML report", "one file that works from disk, with the charts and tables of this page"],
  ["api/v1/report.json", "JSON", "all figures, with their histograms"],
  ["stats/requests/csv", "Requests (CSV)", "a row for each name, and the total"],
  ["stats/requests_full_history/csv", "History (CSV)", "the total's figures over time"],
  ["stats/failures/csv", "Failures (CSV)", "a row for each kind"],
  ["exceptions/csv", "Exceptions (CSV)", "with their tracebacks"],
];

/** @param {{run: Run, extra?: {href: string, title: string}[]}} props */
export function Report({ run, extra = [] }) {
  const facts = run.run.value;
  return html`<h1>Report</h1>
    <section class="card" aria-label="The run"><dl class="facts">
      <div><dt>state</dt><dd>${facts.state}</dd></div><div><dt>started</dt><dd>${dateTime(facts.started)}</dd></div><div><dt>took</dt><dd>${duration(facts.elapsed)}</dd></div>
      <div><dt>target</dt><dd>${facts.host ?? "–"}</dd></div><div><dt>locustfile</dt><dd>${facts.locustfile ?? "–"}</dd></div>
      <div><dt>requests</dt><dd>${count(run.total.value.requests)}</dd></div><div><dt>failures</dt><dd>${count(run.total.value.failures)}</dd></div><div><dt>cut off</dt><dd>${count(facts.interrupted)}</dd></div>
    </dl>${facts.accounting && html`<p>${facts.accounting.text}</p>`}</section>
    <ul class="downloads">${[...DOWNLOADS, ...extra.map(({ href, title }) => [href, title, ""])].map(([address, title, what]) => html`<li key=${address} class="card"><a href=${address} download>${title}</a> <span>${what}</span></li>`)}</ul>
    <${Timeline} run=${run} limit=${1000} />`;
}
