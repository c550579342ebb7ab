// The page: header, the view that the address names, the dialogs; and one key for each thing.
import { render } from "preact";
import { computed, effect, signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { logIn, maySteer, openSession, role, session } from "./api.js";
import { utc } from "./format.js";
import { follow, freeze, isLost, run } from "./live.js";
import { go, kept, route, setParams, stepRange } from "./router.js";
import { ask, dialog, drain, may, off, pause, refusal, stop, users } from "./steer.js";
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
/** The pages, and the key that goes there after g. @type {{id: string, key: string, title: string, View: any, more?: () => object}[]} */
const VIEWS = [
	{ id: "new", key: "n", title: "New run", View: NewRun },
	{ id: "live", key: "l", title: "Live", View: Live, more: () => ({ control: may("load") && html`<${LoadControl} run=${run} onApply=${adjust} compact />` }) },
	{ id: "endpoints", key: "e", title: "Endpoints", View: Endpoints },
	{ id: "errors", key: "r", title: "Errors", View: Errors },
	{ id: "workers", key: "w", title: "Workers", View: Workers, more: () => ({ drain: maySteer() && drain, off: off.value }) },
	{ id: "logs", key: "o", title: "Logs", View: Logs },
	{ id: "report", key: "p", title: "Report", View: Report, more: () => ({ extra: args.extended_csv_files }) },
	...(args.extended_tabs?.length ? [{ id: "extensions", key: "x", title: "Extensions", View: Extensions }] : []),
];
/** Those of a visitor: who only looks on starts nothing. */
const views = computed(() => VIEWS.slice(maySteer() ? 0 : 1));
const here = computed(() => views.value.find(({ id }) => id === route.value.page) ?? VIEWS[1]);

/** @param {Load} load */
const adjust = (load) => ask(users(load.users), "run/load", load);
const close = () => (dialog.value = "");

function App() {
	if (!role.value) return html`<${LogIn} />`;
	const { id, View, more } = here.value;
	return html`<${Header} pages=${views.value} here=${id} />
		${session.value.auth === "none" && html`<p class="notice warn">Everybody who reaches this address may steer the run.</p>`}
		${refusal.value && html`<p class="notice warn" role="alert">${refusal.value} <button type="button" class="quiet" onClick=${() => (refusal.value = "")}>Dismiss</button></p>`}
		<main id="main" tabindex="-1">${run.known.value ? html`<${View} run=${run} ...${more?.()} />` : html`<h1 class="visually-hidden">Swarm</h1><p class="empty">Waiting for the run's figures…</p>`}</main>
		<${Dialogs} />`;
}

function Dialogs() {
	if (dialog.value === "help") return html`<${Help} />`;
	if (dialog.value === "load") return html`<${Dialog} title="Adjust the load" onClose=${close}><${LoadControl} run=${run} onApply=${async (load) => { await adjust(load); close(); }} /><//>`;
	return null;
}

function Help() {
	return html`<${Dialog} title="Keyboard" onClose=${close} wide>
		<dl class="keys">${KEYS.map(([key, does]) => html`<div key=${key}><dt>${key.split(" ").map((each) => html`<kbd>${each}</kbd> `)}</dt><dd>${does}${key === "g" && views.value.map(({ key: next, title }) => `${next} ${title.toLowerCase()}`).join(", ")}</dd></div>`)}</dl>
		<p>Marks in the charts: S a state, C a command, W a worker, ! the verdict on the generator.</p>
		<${Check} on=${keysOn.value} flip=${() => (keysOn.value = !keysOn.value)}>single keys do something<//>
		<${Check} on=${utc.value} flip=${() => (utc.value = !utc.value)}>times in UTC<//>
		<p>Swarm ${session.value.version}</p><//>`;
}

// Asks for the token, when the page was opened without it.
function LogIn() {
	const [token, setToken] = useState("");
	const { login, why } = session.value;
	const submit = (/** @type {Event} */ event) => {
		event.preventDefault();
		logIn(token.trim());
	};
	return html`<main id="main" class="log-in"><h1>Swarm</h1>
		${login ? html`<p><a class="button primary" href=${login}>Log in</a></p>` : html`<form class="card" onSubmit=${submit}>
			<p>The address that Swarm printed when it started holds a token. Open it, or paste the token here.</p>
			<label>Token <input type="password" autocomplete="current-password" value=${token} onInput=${(event) => setToken(valueOf(event))} required /></label>
			<p role="status" class=${why ? "notice warn" : ""}>${why}</p><button type="submit" class="primary">Log in</button></form>`}
	</main>`;
}

effect(() => {
	document.documentElement.toggleAttribute("data-suspect", run.run.value.verdict?.valid === false);
});

effect(() => {
	document.title = `${here.value.title} · Swarm`;
	if (route.value) selected.value = null;
});

// -- keys: all of them off with a switch, and not while somebody writes --

/** Whether keys do anything. */
const keysOn = signal(true);

const move = (/** @type {number} */ by) => {
	selected.value = Math.max(0, Math.min(keyboard.count - 1, (selected.value ?? -1) + by));
};

/** Whether a key may steer now. @param {string} action */
const can = (action) => may(action) && !isLost.value;

/** @type {[key: string, does: string, act?: () => unknown][]} */
const KEYS = [
	["?", "this help", () => (dialog.value = "help")],
	["g", "go to a page: then ", () => (waiting = true)],
	["/", "filter", () => document.getElementById("filter")?.focus()],
	["j", "next row", () => move(1)],
	["k", "row before", () => move(-1)],
	["Enter", "open the row", () => keyboard.open()],
	["Escape", "close", () => setParams({ open: null, error: null })],
	["p", "pin the row", () => keyboard.pin()],
	["[", "shorter time range", () => stepRange(run, -1)],
	["]", "longer time range", () => stepRange(run, 1)],
	["0", "all of the run", () => setParams({ range: "all" })],
	["f", "freeze the display, not the load", freeze],
	["a", "adjust the load", () => can("load") && (dialog.value = "load")],
	["h", "pause or resume", () => isLost.value || pause()],
	["x", "stop the run", () => can("stop") && stop()],
	["t", "light, dark, or as the system", nextTheme],
	["← →", "in a chart: move the cursor; with Shift by ten; Home, End; d shows its rows"],
	["Shift →", "in the heat map: mark a span of time, and see its percentiles; Escape lets it go"],
];

let waiting = false;

/** @param {KeyboardEvent} event */
function onKey(event) {
	const target = /** @type {HTMLElement} */ (event.target);
	if (!role.value || !keysOn.value || event.ctrlKey || event.metaKey || event.altKey || dialog.value) return;
	if (target.matches("input, select, textarea, [contenteditable]")) {
		if (event.key === "Escape") target.blur();
		return;
	}
	if (event.key === "Enter" && (target.matches("a, button, summary") || selected.value == null)) return;
	if (waiting) {
		waiting = false;
		const page = views.value.find(({ key }) => key === event.key);
		if (page) go(page.id, kept());
		return;
	}
	const [, , act] = KEYS.find(([key]) => key === event.key) ?? [];
	if (!act) return;
	event.preventDefault();
	act();
}

function begin() {
	openSession().then(() => {
		follow();
		addEventListener("hashchange", () => openSession().catch(() => {})); // somebody opens the printed address here
		document.addEventListener("keydown", onKey);
		render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
	}, () => setTimeout(begin, 2000));
}

begin();
