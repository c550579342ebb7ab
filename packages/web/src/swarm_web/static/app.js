// The page: header, the view that the address names, the dialogs; and one key for each thing.
import { render } from "preact";
import { effect, signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { logIn, maySteer, openSession, session } from "./api.js";
import { count, utc } from "./format.js";
import { follow, freeze, run } from "./live.js";
import { go, kept, route, setParams, stepRange } from "./router.js";
import { ask, dialog, drain, may, pause, question, refusal, tell } from "./steer.js";
import { Check, Dialog, html, nextTheme, valueOf } from "./ui.js";
import { Endpoints, keyboard, selected } from "./views/endpoints.js";
import { Errors } from "./views/errors.js";
import { Extensions, templateArgs } from "./views/extensions.js";
import { Header } from "./views/header.js";
import { Live } from "./views/live.js";
import { Logs } from "./views/logs.js";
import { NewRun } from "./views/new-run.js";
import { Report } from "./views/report.js";
import { Workers } from "./views/workers.js";
import { LoadControl } from "./widgets/load-control.js";

const args = templateArgs();
const VIEWS = [
	{ id: "new", title: "New run", View: NewRun },
	{ id: "live", title: "Live", View: Live, more: () => ({ control: maySteer() && may("load") && html`<${LoadControl} run=${run} onApply=${adjust} compact />` }) },
	{ id: "endpoints", title: "Endpoints", View: Endpoints },
	{ id: "errors", title: "Errors", View: Errors },
	{ id: "workers", title: "Workers", View: Workers, more: () => ({ drain: maySteer() && drain }) },
	{ id: "logs", title: "Logs", View: Logs },
	{ id: "report", title: "Report", View: Report, more: () => ({ extra: args.extended_csv_files }) },
	...(args.extended_tabs?.length ? [{ id: "extensions", title: "Extensions", View: Extensions }] : []),
];

/** @param {Load} load */
const adjust = (load) => ask(`${load.users} users`, "run/load", load);
const close = () => (dialog.value = "");

function App() {
	if (session.value.known && session.value.role === null) return html`<${LogIn} />`;
	const here = VIEWS.find(({ id }) => id === route.value.page) ?? VIEWS[1];
	return html`<${Header} pages=${VIEWS} />
		${session.value.auth === "none" && html`<p class="notice warn">Everybody who reaches this address may steer the run.</p>`}
		${refusal.value && html`<p class="notice warn" role="alert">${refusal.value} <button type="button" class="quiet" onClick=${() => (refusal.value = "")}>Dismiss</button></p>`}
		<main id="main" tabindex="-1">${run.known.value ? html`<${here.View} run=${run} ...${here.more?.()} />` : html`<h1 class="visually-hidden">Swarm</h1><p class="empty">Waiting for the run's figures…</p>`}</main>
		<${Dialogs} />`;
}

function Dialogs() {
	if (dialog.value === "help") return html`<${Help} />`;
	if (dialog.value === "load") return html`<${Dialog} title="Adjust the load" onClose=${close}><${LoadControl} run=${run} onApply=${async (load) => { await adjust(load); close(); }} /><//>`;
	return null;
}

/** What is asked before a run stops, or its figures go. @type {Record<string, () => typeof question.value>} */
const QUESTIONS = {
	stop: () => ({ title: "Stop the run?", text: `${count(run.run.value.users)} users stop. Requests in flight have a moment to end; the figures stay.`, yes: "Stop the run", act: () => tell("Stop", "run/stop") }),
	reset: () => ({ title: "Reset the statistics?", text: "All figures of this run so far go. The load goes on.", yes: "Reset", act: () => tell("Reset", "run/reset") }),
};
effect(() => {
	if (!(dialog.value in QUESTIONS)) return;
	question.value = QUESTIONS[dialog.value]();
	dialog.value = "sure";
});

function Help() {
	return html`<${Dialog} title="Keyboard" onClose=${close} wide>
		<dl class="keys">${Object.entries(KEYS).map(([key, { does }]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${does}</dd></div>`)}
			<div><dt><kbd>←</kbd> <kbd>→</kbd></dt><dd>in a chart: move the cursor; with Shift by ten; Home, End; <kbd>d</kbd> shows its rows</dd></div>
			<div><dt><kbd>Shift</kbd> <kbd>→</kbd></dt><dd>in the heat map: mark a span of time, and see its percentiles; Escape lets it go</dd></div></dl>
		<p>Marks in the charts: S a state, C a command, W a worker, ! the verdict on the generator.</p>
		<${Check} on=${keysOn.value} flip=${() => (keysOn.value = !keysOn.value)}>single keys do something<//>
		<${Check} on=${utc.value} flip=${() => (utc.value = !utc.value)}>times in UTC<//>
		<p>Swarm ${session.value.version}</p><//>`;
}

// Asks for the token, when the page was opened without it.
function LogIn() {
	const [token, setToken] = useState("");
	const [error, setError] = useState("");
	const { login } = session.value;
	const submit = (/** @type {Event} */ event) => {
		event.preventDefault();
		logIn(token.trim()).catch((/** @type {Error} */ failed) => setError(failed.message));
	};
	return html`<main id="main" class="log-in"><h1>Swarm</h1>
		${login ? html`<p><a class="button primary" href=${login}>Log in</a></p>` : html`<form class="card" onSubmit=${submit}>
			<p>The address that Swarm printed when it started holds a token. Open it, or paste the token here.</p>
			<label>Token <input type="password" autocomplete="current-password" value=${token} onInput=${(event) => setToken(valueOf(event))} required /></label>
			<p role="status" class=${error ? "notice warn" : ""}>${error}</p><button type="submit" class="primary">Log in</button></form>`}
	</main>`;
}

effect(() => {
	document.documentElement.toggleAttribute("data-suspect", run.run.value.verdict?.valid === false);
});

effect(() => {
	const { page } = route.value;
	selected.value = null;
	document.title = `${VIEWS.find(({ id }) => id === page)?.title ?? "Live"} · Swarm`;
});

// -- keys: all of them off with a switch, and not while somebody writes --

/** Whether keys do anything. */
const keysOn = signal(true);

const PAGES = /** @type {Record<string, string>} */ ({ n: "new", l: "live", e: "endpoints", r: "errors", w: "workers", o: "logs", p: "report", x: "extensions" });

const move = (/** @type {number} */ by) => {
	selected.value = Math.max(0, Math.min(keyboard.count - 1, (selected.value ?? -1) + by));
};

/** @type {Record<string, {does: string, act: (event: KeyboardEvent) => void}>} */
const KEYS = {
	"?": { does: "this help", act: () => (dialog.value = "help") },
	g: { does: "go to a page: then n new run, l live, e endpoints, r errors, w workers, o logs, p report, x extensions", act: () => (waiting = true) },
	"/": { does: "filter", act: () => document.getElementById("filter")?.focus() },
	j: { does: "next row", act: () => move(1) },
	k: { does: "row before", act: () => move(-1) },
	Enter: { does: "open the row", act: () => keyboard.open() },
	Escape: { does: "close", act: () => setParams({ open: null, error: null }) },
	p: { does: "pin the row", act: () => keyboard.pin() },
	"[": { does: "shorter time range", act: () => stepRange(run, -1) },
	"]": { does: "longer time range", act: () => stepRange(run, 1) },
	0: { does: "all of the run", act: () => setParams({ range: "all" }) },
	f: { does: "freeze the display, not the load", act: freeze },
	a: { does: "adjust the load", act: () => maySteer() && may("load") && (dialog.value = "load") },
	h: { does: "pause or resume", act: () => maySteer() && pause() },
	x: { does: "stop the run", act: () => maySteer() && may("stop") && (dialog.value = "stop") },
	t: { does: "light, dark, or as the system", act: nextTheme },
};

let waiting = false;

/** @param {KeyboardEvent} event */
function onKey(event) {
	const target = /** @type {HTMLElement} */ (event.target);
	if (!keysOn.value || event.ctrlKey || event.metaKey || event.altKey || dialog.value) return;
	if (target.matches("input, select, textarea, [contenteditable]")) {
		if (event.key === "Escape") target.blur();
		return;
	}
	if (event.key === "Enter" && (target.matches("a, button, summary") || selected.value == null)) return;
	if (waiting) {
		waiting = false;
		const page = PAGES[event.key];
		if (page) go(page, kept());
		return;
	}
	const key = KEYS[event.key];
	if (!key) return;
	event.preventDefault();
	key.act(event);
}

async function begin() {
	await openSession().catch(() => {
		session.value = { ...session.value, role: "viewer", known: true };
	});
	if (!route.value.page) go("live");
	follow();
	document.addEventListener("keydown", onKey);
	render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
}

begin();
