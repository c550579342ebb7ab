// On every page: what runs, in which state, for how long, whether its figures can be trusted, and what may be done.
import { signal } from "@preact/signals";
import { maySteer, session } from "../api.js";
import { duration, titleOf } from "../format.js";
import { connection, frozen, freeze, heardAt, run } from "../live.js";
import { href, kept, route } from "../router.js";
import { dialog, force, may, pause, question, requested } from "../steer.js";
import { Dialog, html, nextTheme, theme } from "../ui.js";

/** Seconds of the browser's clock, so that a page without news says so. */
const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 1000);

const STALE_MS = 4000;

/** @param {{pages: {id: string, title: string}[]}} props */
export function Header({ pages }) {
	const facts = run.run.value;
	return html`<header class="top">
		<a class="skip" href="#main">Skip to the page</a>
		<div class="bar">
			<strong class="name" title=${facts.locustfile ?? ""}>${titleOf(facts)}</strong>
			<nav aria-label="Pages">${pages.map(({ id, title }) => html`<a key=${id} href=${href(id, kept())} aria-current=${route.value.page === id ? "page" : undefined}>${title}</a>`)}</nav>
		</div>
		<div class="bar">
			<${Lifecycle} run=${facts} requested=${requested.value.text} />
			<span class="elapsed" title="elapsed / planned">${duration(facts.elapsed)}${facts.run_time ? ` / ${duration(facts.run_time)}` : ""}</span>
			<${Verdict} facts=${facts} />
			<${Connection} />
			<span class="actions">${maySteer() && html`<${Actions} facts=${facts} />`}
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
		<button type="button" data-focus onClick=${close}>Cancel</button><button type="button" class="danger" onClick=${() => { close(); act(); }}>${yes}</button></div><//>`;
}

/** @param {{facts: any}} props */
function Actions({ facts }) {
	const state = facts.state;
	return html`
		${may("start") && html`<a class="button primary" href=${href("new")}>New run</a>`}
		${may("load") && html`<button type="button" onClick=${() => (dialog.value = "load")}>Adjust</button>`}
		${(may("pause") || may("resume")) && html`<button type="button" onClick=${pause}>${state === "paused" ? "Resume" : "Pause"}</button>`}
		${may("reset") && html`<button type="button" onClick=${() => (dialog.value = "reset")}>Reset</button>`}
		${may("stop") && html`<button type="button" class="danger" onClick=${() => (dialog.value = "stop")}>Stop</button>`}
		${may("force") && html`<button type="button" class="danger" onClick=${force}>Force now</button>`}`;
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
	const { state, since } = connection.value;
	const silent = now.value - heardAt.value;
	if (session.value.replay || run.run.value.replay) return html`<span class="badge">recorded</span>`;
	if (frozen.value) return html`<button type="button" class="badge warn" onClick=${freeze}>display frozen</button>`;
	if (state === "live" && silent < STALE_MS) return html`<span class="badge good" role="status">live</span>`;
	if (state === "connecting") return html`<span class="badge" role="status">connecting…</span>`;
	const seconds = Math.round((state === "live" ? silent : Math.max(now.value - since, silent)) / 1000);
	return html`<span class="badge bad"><span role="status">not connected</span> <span>since ${seconds} s</span></span>`;
}

// The states of a run, the present one lit: what the server has confirmed, never what was only asked for.
const STATES = ["ready", "spawning", "running", "stopping", "stopped"];

/** @param {{run: any, requested: string}} props */
function Lifecycle({ run, requested }) {
	const state = run.state === "quit" ? "stopped" : run.state;
	const states = state === "paused" ? [...STATES.slice(0, 2), "paused", ...STATES.slice(3)] : STATES;
	return html`<div class="lifecycle">
		<ol aria-label="Lifecycle">${states.map((each) => html`<li key=${each} class=${each === state ? "now" : ""} data-state=${each} aria-current=${each === state ? "step" : undefined}>${each}</li>`)}</ol>
		<p class="waits">${requested ? `${requested} requested…` : (run.waits?.text ?? "")}</p>
		<p class="visually-hidden" role="status">The run is ${state}.</p>
	</div>`;
}
