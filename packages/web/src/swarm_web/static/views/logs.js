// The log lines of all nodes in one stream.
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api.js";
import { clock, count } from "../format.js";
import { route, setParams } from "../router.js";
import { html } from "../ui.js";

/** @typedef {import("../run.js").Run} Run */

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
const KEPT = 2000;

/** @param {{run: Run}} props */
export function Logs({ run }) {
  const { filter = "", level = "", node = "" } = route.value.params;
  const asked = [filter, level, node].join("\n");
  const [state, setState] = useState({ lines: /** @type {any[]} */ ([]), cursor: /** @type {number | null} */ (null), dropped: 0, nodes: /** @type {string[]} */ ([]), asked: "" });
  const [following, setFollowing] = useState(true);
  const [failed, setFailed] = useState("");
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const newest = run.log.value;

  useEffect(() => {
    let wanted = true;
    const more = state.asked === asked && state.cursor != null;
    /** @type {Record<string, string | number>} */
    const query = { ...(filter && { q: filter }), ...(level && { level }), ...(node && { worker: node }), ...(more && { cursor: /** @type {number} */ (state.cursor) }) };
    get("logs", query).then((answer) => {
      if (!wanted) return;
      setFailed("");
      setState({ lines: [...(more ? state.lines : []), ...answer.lines].slice(-KEPT), cursor: answer.cursor, dropped: (more ? state.dropped : 0) + answer.dropped, nodes: answer.nodes, asked });
    }).catch((error) => wanted && setFailed(error.message));
    return () => {
      wanted = false;
    };
  }, [newest, asked]);
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [state.lines, following]);

  const set = (/** @type {string} */ key) => (/** @type {Event} */ event) => setParams({ [key]: /** @type {HTMLInputElement} */ (event.currentTarget).value });
  return html`<h1>Logs</h1>
    ${failed && html`<p class="notice warn">${failed}</p>`}
    <div class="row controls">
      <label>Filter <input id="filter" type="search" value=${filter} placeholder="text" onInput=${set("filter")} /></label>
      <label>Level <select value=${level} onChange=${set("level")}><option value="">all</option>${LEVELS.map((each) => html`<option key=${each} value=${each}>${each} and above</option>`)}</select></label>
      <label>Node <select value=${node} onChange=${set("node")}><option value="">all</option>${state.nodes.map((each) => html`<option key=${each} value=${each}>${each}</option>`)}</select></label>
      <label class="check"><input type="checkbox" checked=${following} onChange=${() => setFollowing(!following)} /> follow</label>
    </div>
    ${state.dropped > 0 && html`<p class="notice">${count(state.dropped)} lines are no longer kept.</p>`}
    <div class="scroll log" ref=${box} tabindex="0" role="region" aria-label="Log lines">
      ${state.lines.length === 0 ? html`<p class="empty">No lines.</p>` : html`<table class="plain"><thead class="visually-hidden"><tr><th scope="col">time</th><th scope="col">node</th><th scope="col">level</th><th scope="col">text</th></tr></thead>
        <tbody>${state.lines.map((line) => html`<tr key=${line.id} class=${line.level.toLowerCase()}><td><time>${clock(line.time)}</time></td><td><bdi>${line.node}</bdi></td><td>${line.level}</td><td class="line">${line.text}${line.times > 1 ? html` <small>× ${count(line.times)}</small>` : ""}</td></tr>`)}</tbody></table>`}
    </div>`;
}
