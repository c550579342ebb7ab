// On every page: what runs, in which state, for how long, whether its figures can be trusted, and what may be done.
import { clock, duration, titleOf } from "../format.js";
import { connection, frozen, freeze, heardAt, isLost, isRecorded, now, run } from "../live.js";
import { href, kept } from "../router.js";
import { dialog, force, may, off, pause, question, requested, reset, stop } from "../steer.js";
import { Dialog, html, nextTheme, theme } from "../ui.js";

/** @param {{pages: {id: string, title: string}[], here: string}} props */
export function Header({ pages, here }) {
	const facts = run.run.value;
	return html`<header class="top">
		<a class="skip" href="#main">Skip to the page</a>
		<div class="bar">
			<strong class="name" title=${facts.locustfile ?? ""}>${titleOf(facts)}</strong>
			<nav aria-label="Pages">${pages.map(({ id, title }) => html`<a key=${id} href=${href(id, kept())} aria-current=${here === id ? "page" : undefined}>${title}</a>`)}</nav>
		</div>
		<div class="bar">
			<${Lifecycle} facts=${facts} requested=${requested.value.text} />
			<span class="elapsed" title="elapsed / planned">${duration(facts.elapsed)}${facts.run_time ? ` / ${duration(facts.run_time)}` : ""}</span>
			<${Verdict} facts=${facts} />
			<${Connection} />
			<span class="actions"><${Actions} paused=${facts.state === "paused"} />
				<button type="button" class="quiet" onClick=${nextTheme} aria-label=${`Theme: ${theme.value}`} title=${`Theme: ${theme.value}`}>◐</button>
				<button type="button" class="quiet" onClick=${() => (dialog.value = "help")} aria-label="Keyboard and help">?</button>
			</span>
		</div>
		${dialog.value === "sure" && html`<${Sure} />`}
	</header>`;
}

// What is asked before something that can't be taken back.
function Sure() {
	const { title, text, yes, act } = question.value;
	const close = () => (dialog.value = "");
	return html`<${Dialog} title=${title} onClose=${close}><p>${text}</p><div class="row end">
		<button type="button" data-focus onClick=${close}>Cancel</button><button type="button" class="danger" ...${off.value} onClick=${() => { close(); act(); }}>${yes}</button></div><//>`;
}

/** @param {{paused: boolean}} props */
function Actions({ paused }) {
	const button = (/** @type {string} */ action, /** @type {string} */ title, /** @type {() => unknown} */ act, kind = "") =>
		may(action) && html`<button type="button" class=${kind} ...${off.value} onClick=${act}>${title}</button>`;
	return html`
		${may("start") && html`<a class="button primary" href=${href("new")}>New run</a>`}
		${button("load", "Adjust", () => (dialog.value = "load"))}
		${button(paused ? "resume" : "pause", paused ? "Resume" : "Pause", pause)}
		${button("reset", "Reset", reset)}
		${button("stop", "Stop", stop, "danger")}
		${button("force", "Force now", force, "danger")}`;
}

/** Whether the generator itself was the bottleneck. @param {{facts: any}} props */
function Verdict({ facts }) {
	const { valid, reasons = [] } = facts.verdict ?? {};
	if (facts.started == null) return null;
	return valid === false
		? html`<span class="badge bad" title=${reasons.join("; ")}>figures suspect</span>`
		: html`<span class="badge good" title="The load generator kept up.">figures valid</span>`;
}

function Connection() {
	if (isRecorded.value) return html`<span class="badge">recorded</span>`;
	if (frozen.value) return html`<button type="button" class="badge warn" onClick=${freeze}>display frozen</button>`;
	if (!isLost.value) return html`<span class=${`badge ${connection.value === "live" ? "good" : ""}`} role="status">${connection.value}</span>`;
	return html`<span class="badge bad"><span role="status">not connected</span> <span>since ${Math.round((now.value - heardAt.value) / 1000)} s</span></span>`;
}

// The states of a run, the present one lit: what the server has confirmed, never what was only asked for.
const STATES = ["ready", "spawning", "running", "stopping", "stopped"];

/** @param {{facts: any, requested: string}} props */
function Lifecycle({ facts, requested }) {
	const state = facts.state === "quit" ? "stopped" : facts.state;
	const states = state === "paused" ? [...STATES.slice(0, 2), "paused", ...STATES.slice(3)] : STATES;
	const waits = requested ? `${requested} requested…` : facts.waits?.text;
	return html`<div class="lifecycle">
		<ol aria-label="Lifecycle">${states.map((each) => html`<li key=${each} class=${each !== state ? "" : isLost.value ? "now stale" : "now"} data-state=${each} aria-current=${each === state ? "step" : undefined}>${each}${each === state && isLost.value ? `, as of ${clock(run.time.value)}` : ""}</li>`)}</ol>
		${!isLost.value && html`<p class="waits" title=${waits}>${waits}</p>`}
		<p class="visually-hidden" role="status">The run ${isLost.value ? "was" : "is"} ${state}.</p>
	</div>`;
}
