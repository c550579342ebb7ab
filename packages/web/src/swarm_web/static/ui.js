// How the page is made and looks: elements from tagged templates (all text goes in as text
// nodes), the theme, dialogs.
import { effect, signal } from "@preact/signals";
import { h } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import htm from "htm";
import { setParams } from "./router.js";

/** @type {Fn.html} */
export const html = htm.bind(h);

/** A set with a key more, or less. @type {Fn.toggled} */
export function toggled(set, key) {
	const next = new Set(set);
	if (!next.delete(key)) next.add(key);
	return next;
}

/** @type {Fn.Check} */
export const Check = ({ on, flip, children }) => html`<label class="check"><input type="checkbox" checked=${Boolean(on)} onChange=${flip} /> ${children}</label>`;

/** @type {Fn.Close} */
export const Close = ({ what = "", act }) => html`<button type="button" class="quiet close" aria-label=${`Close${what}`} onClick=${act}>✕</button>`;

/** @type {Fn.Facts} */
export const Facts = ({ of }) => html`<dl class="facts">${of.map(([label, value]) => html`<div key=${label}><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;

/** A small table; figures after a first column of text. @type {Fn.Plain} */
export const Plain = ({ heads, rows }) => html`<table class="plain"><thead><tr>${heads.map((each, k) => html`<th scope="col" class=${k > 0 && "number"}>${each}</th>`)}</tr></thead>
	<tbody>${rows.map(([first, ...rest]) => html`<tr><th scope="row" class="text">${first}</th>${rest.map((each) => html`<td class="number">${each}</td>`)}</tr>`)}</tbody></table>`;

/** The filter of a page; the address keeps it. @type {Fn.Filter} */
export const Filter = ({ text, hint }) => html`<label>Filter <input id="filter" type="search" value=${text} placeholder=${hint} onInput=${(event) => setParams({ filter: valueOf(event) })} /></label>`;

/** What a field holds. @param {Event} event */
export const valueOf = (event) => /** @type {HTMLInputElement} */ (event.currentTarget).value;

const EVERY_MS = 5000;

/** Ask, and again and again while it is shown. @type {Fn.useFresh} */
export function useFresh(fetchIt, when, again = true) {
	const [value, setValue] = useState(/** @type {any} */ (null));
	const [error, setError] = useState("");
	useEffect(() => {
		let shownStill = true;
		const load = () => fetchIt().then((each) => shownStill && (setValue(each), setError(""))).catch((/** @type {Error} */ failed) => shownStill && setError(failed.message));
		load();
		const timer = again ? setInterval(load, EVERY_MS) : 0;
		return () => {
			shownStill = false;
			clearInterval(timer);
		};
	}, [...when, again]);
	return { value, error };
}

// -- light, dark --

const THEMES = ["system", "light", "dark"];
const dark = matchMedia("(prefers-color-scheme: dark)");

const stored = (() => {
	try {
		return localStorage.getItem("swarm-theme");
	} catch {
		return null; // a report from disk may have no storage
	}
})();

/** What was chosen. */
export const theme = signal(stored && THEMES.includes(stored) ? stored : "system");
/** What is shown: "light" or "dark". */
export const shown = signal("light");

const apply = () => {
	shown.value = theme.value === "system" ? (dark.matches ? "dark" : "light") : theme.value;
	document.documentElement.dataset.theme = shown.value;
};
effect(apply);
dark.addEventListener("change", apply);

export function nextTheme() {
	theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
	try {
		localStorage.setItem("swarm-theme", theme.value);
	} catch {
		// it lasts as long as the page
	}
}

// -- dialogs --

/** @type {Fn.Dialog} */
export function Dialog({ title, onClose, children, wide = false }) {
	const element = useRef(/** @type {any} */ (null));
	useEffect(() => {
		const before = /** @type {any} */ (document.activeElement);
		element.current.showModal();
		element.current.querySelector("[data-focus]")?.focus();
		return () => before?.focus?.();
	}, []);
	return html`<dialog ref=${element} class=${wide ? "wide" : ""} aria-label=${title} onClose=${onClose}
		onCancel=${(event) => { event.preventDefault(); onClose(); }}>
		<header><h2>${title}</h2><${Close} act=${onClose} /></header>
		${children}
	</dialog>`;
}
