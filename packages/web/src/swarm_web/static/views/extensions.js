// Tabs that a locustfile adds: tables of its own figures, by Locust's names.
import { html, useFresh } from "../ui.js";

/** What the page was made with. @returns {{extended_tabs?: any[], extended_tables?: any[], extended_csv_files?: any[]}} */
export function templateArgs() {
	const element = document.getElementById("template-args");
	return element ? JSON.parse(element.textContent || "{}") : {};
}

/** @param {{run: Run}} props */
export function Extensions({ run }) {
	const { extended_tabs: tabs = [], extended_tables: tables = [] } = templateArgs();
	const load = () => fetch("stats/requests").then((answer) => answer.json());
	const { value, error: failed } = useFresh(load, [Math.floor(run.tick.value / 2)], false);
	return html`<h1>Extensions</h1>
		${failed && html`<p class="notice warn">${failed}</p>`}
		${tabs.map(({ title, key }) => {
			const of = (/** @type {any[]} */ all = []) => all.find((each) => each.key === key) ?? {};
			/** @type {{structure?: any[], data?: any[]}} */
			const { structure = [], data = [] } = { ...of(tables), ...of(value?.extended_stats) };
			return html`<section key=${key} class="card scroll" tabindex="0" aria-label=${title}><h2>${title}</h2>
				<table class="plain"><thead><tr>${structure.map((column) => html`<th scope="col" key=${column.key}>${column.title}</th>`)}</tr></thead>
				<tbody>${data.map((row, k) => html`<tr key=${k}>${structure.map((column) => html`<td key=${column.key}>${String(row[column.key] ?? row[snake(column.key)] ?? "–")}</td>`)}</tr>`)}</tbody></table>
				${data.length === 0 && html`<p class="empty">Nothing yet.</p>`}</section>`;
		})}`;
}

/** @param {string} camel */
const snake = (camel) => camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
