// A table of thousands of rows of which only those in sight are in the document.
import { useEffect, useRef, useState } from "preact/hooks";
import { setParams } from "../router.js";
import { html } from "../ui.js";

const ROW = 28;
const SPARE = 6;

/** @type {Fn.columnOf} */
export const columnOf = (of) => (key, label, show, hint = "") => ({ key, label, hint, cell: (k) => show(of(key, k)) });

/** @type {Fn.Table} */
export function Table({ label, columns, order, sort, selected = null, rowKey, rowClass, empty, height = 480, all = false }) {
	const box = useRef(/** @type {any} */ (null));
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

	const space = (/** @type {number} */ rows) => rows > 0 && html`<tr aria-hidden="true" class="space"><td colspan=${columns.length} style=${{ height: `${rows * ROW}px` }}></td></tr>`;
	return html`<div class="scroll windowed" ref=${box} tabindex="0" role="region" aria-label=${label}
		style=${{ maxHeight: `${height}px` }} onScroll=${(event) => setTop(event.currentTarget.scrollTop)}>
		<table aria-rowcount=${order.length + 1}>
			<thead><tr aria-rowindex="1">${columns.map((column) => html`<${Head} key=${column.key} column=${column} sort=${sort} />`)}</tr></thead>
			<tbody>
				${space(first)}
				${order.slice(first, last).map((position, k) => html`<tr key=${rowKey(position)} aria-rowindex=${first + k + 2}
						class=${`${rowClass?.(position) ?? ""}${first + k === selected ? " selected" : ""}`}>
					${columns.map((column) => html`<td key=${column.key} class=${sideOf(column)}>${column.cell(position)}</td>`)}
				</tr>`)}
				${space(order.length - last)}
			</tbody>
		</table>
		${order.length === 0 && html`<p class="empty">${empty}</p>`}
	</div>`;
}

/** @param {Column} column */
const sideOf = ({ text, fixed }) => `${text ? "text" : "number"}${fixed ? " fixed" : ""}`;

/** @type {Fn.Head} */
function Head({ column, sort }) {
	const { key, label, hint, text, fixed } = column;
	const side = sideOf(column);
	if (fixed) return html`<th scope="col" class=${side} title=${hint}>${label}</th>`;
	const up = sort === key;
	const down = sort === `-${key}`;
	const steps = text ? [key, `-${key}`, ""] : [`-${key}`, key, ""];
	return html`<th scope="col" class=${side} aria-sort=${up ? "ascending" : down ? "descending" : "none"}>
		<button type="button" title=${hint} onClick=${() => setParams({ sort: steps[(steps.indexOf(sort) + 1) % 3] })}>${label}<span aria-hidden="true">${up ? " ▲" : down ? " ▼" : ""}</span></button>
	</th>`;
}
