// Tabs that a locustfile adds: tables of its own figures, by Locust's names.
import { useEffect, useState } from "preact/hooks";
import { html } from "../ui.js";

/** What the page was made with. @returns {{extended_tabs?: any[], extended_tables?: any[], extended_csv_files?: any[]}} */
export function templateArgs() {
  const element = document.getElementById("template-args");
  return element ? JSON.parse(element.textContent || "{}") : {};
}

/** @param {{run: import("../run.js").Run}} props */
export function Extensions({ run }) {
  const { extended_tabs: tabs = [], extended_tables: tables = [] } = templateArgs();
  const [stats, setStats] = useState(/** @type {any[]} */ ([]));
  const [failed, setFailed] = useState("");
  const tick = run.tick.value;
  useEffect(() => {
    let wanted = true;
    fetch("stats/requests", { credentials: "same-origin" }).then((answer) => answer.json()).then((body) => wanted && setStats(body.extended_stats ?? [])).catch((error) => wanted && setFailed(String(error.message)));
    return () => {
      wanted = false;
    };
  }, [Math.floor(tick / 2)]);
  return html`<h1>Extensions</h1>
    ${failed && html`<p class="notice warn">${failed}</p>`}
    ${tabs.map(({ title, key }) => {
      const structure = tables.find((each) => each.key === key)?.structure ?? [];
      const rows = stats.find((each) => each.key === key)?.data ?? [];
      return html`<section key=${key} class="card scroll" tabindex="0" aria-label=${title}><h2>${title}</h2>
        <table class="plain"><thead><tr>${structure.map((/** @type {any} */ column) => html`<th scope="col" key=${column.key}>${column.title}</th>`)}</tr></thead>
        <tbody>${rows.map((/** @type {any} */ row, /** @type {number} */ k) => html`<tr key=${k}>${structure.map((/** @type {any} */ column) => html`<td key=${column.key}>${String(row[column.key] ?? row[snake(column.key)] ?? "–")}</td>`)}</tr>`)}</tbody></table>
        ${rows.length === 0 && html`<p class="empty">Nothing yet.</p>`}</section>`;
    })}`;
}

/** @param {string} camel */
const snake = (camel) => camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
