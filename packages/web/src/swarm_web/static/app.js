// The page: header, the view that the address names, and the dialogs.
import { render } from "preact";
import { effect } from "@preact/signals";
import { useState } from "preact/hooks";
import { logIn, maySteer, openSession, session } from "./api.js";
import { utc } from "./format.js";
import { KEYS, keysOn, listen } from "./keys.js";
import { follow, run } from "./live.js";
import { go, route } from "./router.js";
import { ask, dialog, may, refusal, tell } from "./steer.js";
import { Dialog, html } from "./ui.js";
import { Endpoints, selected } from "./views/endpoints.js";
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
  { id: "new", title: "New run", view: () => html`<${NewRun} run=${run} />` },
  { id: "live", title: "Live", view: () => html`<${Live} run=${run} control=${maySteer() && may("load") && html`<${LoadControl} run=${run.run.value} onApply=${adjust} compact />`} />` },
  { id: "endpoints", title: "Endpoints", view: () => html`<${Endpoints} run=${run} />` },
  { id: "errors", title: "Errors", view: () => html`<${Errors} run=${run} />` },
  { id: "workers", title: "Workers", view: () => html`<${Workers} run=${run} />` },
  { id: "logs", title: "Logs", view: () => html`<${Logs} run=${run} />` },
  { id: "report", title: "Report", view: () => html`<${Report} run=${run} extra=${args.extended_csv_files ?? []} />` },
  ...(args.extended_tabs?.length ? [{ id: "extensions", title: "Extensions", view: () => html`<${Extensions} run=${run} />` }] : []),
];

/** @param {import("./widgets/load-control.js").Load} load */
const adjust = (load) => ask(`${load.users} users`, "run/load", load);
const close = () => (dialog.value = "");

function App() {
  if (session.value.known && session.value.role === null) return html`<${LogIn} />`;
  const here = VIEWS.find(({ id }) => id === route.value.page) ?? VIEWS[1];
  return html`<${Header} pages=${VIEWS} />
    ${session.value.auth === "none" && html`<p class="notice warn">Everybody who reaches this address may steer the run.</p>`}
    ${refusal.value && html`<p class="notice warn" role="alert">${refusal.value} <button type="button" class="quiet" onClick=${() => (refusal.value = "")}>Dismiss</button></p>`}
    <main id="main" tabindex="-1">${run.known.value ? here.view() : html`<h1 class="visually-hidden">Swarm</h1><p class="empty">Waiting for the run's figures…</p>`}</main>
    <${Dialogs} />`;
}

function Dialogs() {
  const facts = run.run.value;
  if (dialog.value === "help") return html`<${Help} />`;
  if (dialog.value === "load") return html`<${Dialog} title="Adjust the load" onClose=${close}><${LoadControl} run=${facts} onApply=${async (/** @type {any} */ load) => { await adjust(load); close(); }} /><//>`;
  if (dialog.value === "stop") return html`<${Sure} title="Stop the run?" text=${`${facts.users} users stop. Requests in flight have a moment to end; the figures stay.`} yes="Stop the run" act=${() => tell("Stop", "run/stop")} />`;
  if (dialog.value === "reset") return html`<${Sure} title="Reset the statistics?" text="All figures of this run so far go. The load goes on." yes="Reset" act=${() => tell("Reset", "run/reset")} />`;
  return null;
}

/** @param {{title: string, text: string, yes: string, act: () => void}} props */
function Sure({ title, text, yes, act }) {
  return html`<${Dialog} title=${title} onClose=${close}><p>${text}</p><div class="row end">
    <button type="button" data-focus onClick=${close}>Cancel</button><button type="button" class="danger" onClick=${() => { close(); act(); }}>${yes}</button></div><//>`;
}

function Help() {
  return html`<${Dialog} title="Keyboard" onClose=${close} wide>
    <dl class="keys">${Object.entries(KEYS).map(([key, { does }]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${does}</dd></div>`)}
      <div><dt><kbd>←</kbd> <kbd>→</kbd></dt><dd>in a chart: move the cursor; with Shift by ten; Home, End; <kbd>d</kbd> shows its rows</dd></div></dl>
    <label class="check"><input type="checkbox" checked=${keysOn.value} onChange=${() => (keysOn.value = !keysOn.value)} /> single keys do something</label>
    <label class="check"><input type="checkbox" checked=${utc.value} onChange=${() => (utc.value = !utc.value)} /> times in UTC</label>
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
      <label>Token <input type="password" autocomplete="current-password" value=${token} onInput=${(/** @type {InputEvent} */ event) => setToken(/** @type {HTMLInputElement} */ (event.currentTarget).value)} required /></label>
      <p role="status" class=${error ? "notice warn" : ""}>${error}</p><button type="submit" class="primary">Log in</button></form>`}
  </main>`;
}

effect(() => {
  const { page } = route.value;
  selected.value = null;
  document.title = `${VIEWS.find(({ id }) => id === page)?.title ?? "Live"} · Swarm`;
});

async function begin() {
  await openSession().catch(() => {
    session.value = { ...session.value, role: "viewer", known: true };
  });
  if (!route.value.page) go("live");
  follow();
  listen();
  render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
}

begin();
