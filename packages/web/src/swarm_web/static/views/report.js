// What can be taken away from a run.
import { useState } from "preact/hooks";
import { count, dateTime, duration } from "../format.js";
import { Facts, html } from "../ui.js";
import { PercentilesOf } from "../widgets/curve.js";
import { Endpoints } from "./endpoints.js";
import { Errors } from "./errors.js";
import { Live, Timeline } from "./live.js";
import { Accounting, Workers } from "./workers.js";

const DOWNLOADS = [
	["api/v1/report.html?download=1", "HTML report", "one file with charts and tables"],
	["api/v1/report.json", "JSON", "all figures, with their histograms"],
	["stats/requests/csv", "Requests (CSV)", "a row a name, and the total"],
	["api/v1/history.csv", "History (CSV)", "the total over time"],
	["stats/failures/csv", "Failures (CSV)", "a row a kind"],
	["exceptions/csv", "Exceptions (CSV)", "with their tracebacks"],
];

/** What the report shows. @type {Fn.Contents} */
export function Contents({ run, all = false }) {
	return html`<${Live} run=${run} />
		<${PercentilesOf} run=${run} late=${run.run.value.late > 0} />
		<${Endpoints} run=${run} all=${all} />
		<${Errors} run=${run} />
		${(run.workers.value.id ?? []).length > 1 && html`<${Workers} run=${run} />`}`;
}

/** @type {Fn.Report} */
export function Report({ run, extra = [] }) {
	const facts = run.run.value;
	const { requests, failures } = run.total.value;
	const [preview, setPreview] = useState(false);
	return html`<h1>Report</h1>
		<section class="card" aria-label="The run"><${Facts} of=${[["state", facts.state], ["started", dateTime(facts.started)], ["took", duration(facts.elapsed)], ["target", facts.host ?? "–"], ["locustfile", facts.locustfile ?? "–"],
			["requests", count(requests)], ["failures", count(failures)], ["cut off", count(facts.interrupted)]]} /><${Accounting} run=${run} /></section>
		<ul class="downloads">${[...DOWNLOADS.filter(([to]) => !facts.replay || !to.endsWith("json")), ...extra.map(({ href, title }) => [href, title, ""])].map(([address, title, what]) => html`<li key=${address} class="card"><a href=${address} download>${title}</a> <small>${what}</small></li>`)}</ul>
		${preview ? null : html`<div class="two"><${PercentilesOf} run=${run} late=${facts.late > 0} /><${Timeline} run=${run} limit=${1000} /></div>`}
		<p><button type="button" aria-expanded=${preview} onClick=${() => setPreview(!preview)}>${preview ? "Close the preview" : "Preview"}</button> <small>what the HTML report shows, as the run stands now</small></p>
		${preview && html`<section class="preview" aria-label="Preview"><${Contents} run=${run} /></section>`}`;
}
