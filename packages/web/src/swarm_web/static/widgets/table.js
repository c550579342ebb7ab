// A table of thousands of rows of which only those in sight are in the document.
import { useEffect, useRef, useState } from "preact/hooks";
import { classes, html } from "../ui.js";

/**
 * @typedef {object} Column
 * @property {string} key
 * @property {string} label
 * @property {string} [hint] what it is, for those who point at it
 * @property {boolean} [text] whether it is text; figures stand on the right
 * @property {boolean} [fixed] whether it cannot be sorted by
 * @property {(position: number) => any} cell
 */

const ROW = 28;
const SPARE = 6;

/**
 * @param {{label: string, columns: Column[], order: number[], sort: string, onSort: (sort: string) => void,
 *   selected?: number | null, rowKey: (position: number) => any, rowClass?: (position: number) => string,
 *   empty: string, height?: number, all?: boolean}} props `all` shows all rows, so that the browser's search finds them
 */
export function Table({ label, columns, order, sort, onSort, selected = null, rowKey, rowClass, empty, height = 480, all = false }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [top, setTop] = useState(0);
  const first = all ? 0 : Math.max(0, Math.floor(top / ROW) - SPARE);
  const last = all ? order.length : Math.min(order.length, Math.ceil((top + height) / ROW) + SPARE);

  useEffect(() => {
    if (selected == null || !box.current) return;
    const y = selected * ROW;
    const { scrollTop, clientHeight } = box.current;
    if (y < scrollTop) box.current.scrollTop = y;
    else if (y + 2 * ROW > scrollTop + clientHeight) box.current.scrollTop = y + 2 * ROW - clientHeight;
  }, [selected]);

  const above = first * ROW;
  const below = (order.length - last) * ROW;
  return html`<div class="scroll windowed" ref=${box} tabindex="0" role="region" aria-label=${label}
    style=${{ maxHeight: `${height}px` }} onScroll=${(/** @type {Event} */ event) => setTop(/** @type {HTMLElement} */ (event.currentTarget).scrollTop)}>
    <table aria-rowcount=${order.length + 1}>
      <thead><tr aria-rowindex="1">${columns.map((column) => html`<${Head} key=${column.key} column=${column} sort=${sort} onSort=${onSort} />`)}</tr></thead>
      <tbody>
        ${above > 0 && html`<tr key="above" aria-hidden="true" class="space"><td colspan=${columns.length} style=${{ height: `${above}px` }}></td></tr>`}
        ${order.slice(first, last).map((position, k) => html`<tr key=${rowKey(position)} aria-rowindex=${first + k + 2}
            class=${classes(rowClass?.(position), first + k === selected && "selected")}>
          ${columns.map((column, n) => (n === 0 && column.text
            ? html`<td key=${column.key} class="text">${column.cell(position)}</td>`
            : html`<td key=${column.key} class=${column.text ? "text" : "number"}>${column.cell(position)}</td>`))}
        </tr>`)}
        ${below > 0 && html`<tr key="below" aria-hidden="true" class="space"><td colspan=${columns.length} style=${{ height: `${below}px` }}></td></tr>`}
      </tbody>
    </table>
    ${order.length === 0 && html`<p class="empty">${empty}</p>`}
  </div>`;
}

/** @param {{column: Column, sort: string, onSort: (sort: string) => void}} props */
function Head({ column, sort, onSort }) {
  const { key, label, hint, text, fixed } = column;
  const side = text ? "text" : "number";
  if (fixed) return html`<th scope="col" class=${side} title=${hint}>${label}</th>`;
  const up = sort === key;
  const down = sort === `-${key}`;
  const next = down ? key : up ? "" : text ? key : `-${key}`;
  return html`<th scope="col" class=${side} aria-sort=${up ? "ascending" : down ? "descending" : "none"}>
    <button type="button" title=${hint} onClick=${() => onSort(text && up ? `-${key}` : text && down ? "" : next)}>${label}<span aria-hidden="true">${up ? " ▲" : down ? " ▼" : ""}</span></button>
  </th>`;
}
