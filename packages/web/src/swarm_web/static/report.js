// The report: the views of the page over one run that lies in the file itself. It works from disk, with no network.
import { render } from "preact";
import { dateTime, duration, titleOf } from "./format.js";
import { Run } from "./run.js";
import { html, nextTheme, theme } from "./ui.js";
import { Contents } from "./views/report.js";
import { Accounting } from "./views/workers.js";
import { signal } from "@preact/signals";

/** Whether it is being printed: then all rows are shown. */
const printing = signal(false);
addEventListener("beforeprint", () => (printing.value = true));
addEventListener("afterprint", () => (printing.value = false));

/** What the file carries. @returns {Promise<any>} */
async function payload() {
	const text = document.getElementById("payload")?.textContent ?? "";
	const packed = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
	const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
	return new Response(stream).json();
}

/** @param {any} data */
function runOf({ snapshot, heat, heat_intent: intent, names, errors, percentiles }) {
	/** @type {Fn.cell} */
	const series = (key, k) => names?.[key]?.[k] ?? [];
	/** @type {Run} */
	const run = new Run(
		{
			series: async (method, name) => {
				const k = run.names.find(method, name);
				return /** @type {any} */ ({ step: names?.step ?? 60, time: names?.time ?? [], rps: series("rps", k), p95: series("p95", k) });
			},
			heatmap: async () => null,
			percentiles: async (_, name, of) => (name ? null : (percentiles?.[of] ?? null)),
			errors: async () => errors,
		},
		false,
	);
	run.replace(snapshot);
	if (heat) run.setHeat(heat);
	if (intent) run.setHeat(intent, "heatIntent");
	run.sparkline = (k) => (names ? series("p95", k) : null);
	return run;
}

/** @type {Fn.View} */
function Page({ run }) {
	const facts = run.run.value;
	return html`<header class="top"><div class="bar"><strong class="name">${titleOf(facts)}</strong>
			<span>${dateTime(facts.started)}, ${duration(facts.elapsed)}</span>${facts.host && html`<span>${facts.host}</span>`}
			<span class=${facts.verdict?.valid === false ? "badge bad" : "badge good"}>${facts.verdict?.valid === false ? "figures suspect" : "figures valid"}</span></div>
		<button type="button" class="quiet" onClick=${nextTheme} aria-label=${`Theme: ${theme.value}`}>◐</button></header>
	<main id="main">
		<${Accounting} run=${run} />
		<${Contents} run=${run} all=${printing.value} />
	</main>`;
}

payload().then((data) => {
	document.getElementById("summary")?.remove();
	const place = document.createElement("div");
	document.body.prepend(place);
	document.documentElement.toggleAttribute("data-suspect", data.snapshot.run.verdict?.valid === false);
	render(html`<${Page} run=${runOf(data)} />`, place);
});
