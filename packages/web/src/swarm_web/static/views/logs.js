// The log lines of all nodes in one stream.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { get } from "../api.js";
import { clock, count, shortNode } from "../format.js";
import { route, setParams } from "../router.js";
import { Check, Filter, html, valueOf } from "../ui.js";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];
const KEPT = 2000;
const CHUNK = 50;
const LINE = 18;
const SPARE = 600;
const NONE = { lines: /** @type {any[]} */ ([]), first: 0, cursor: /** @type {number | null} */ (null), dropped: 0, nodes: /** @type {string[]} */ ([]), asked: "" };

/** @param {{run: Run}} props */
export function Logs({ run }) {
	const { filter = "", level = "", node = "" } = route.value.params;
	const asked = [filter, level, node].join("\n");
	const [state, setState] = useState(NONE);
	const [following, setFollowing] = useState(true);
	const [failed, setFailed] = useState("");
	const box = useRef(/** @type {HTMLDivElement | null} */ (null));
	const newest = run.log.value;

	useEffect(() => {
		let wanted = true;
		const old = state.asked === asked ? state : NONE;
		get("logs", { q: filter, level, worker: node, cursor: old.cursor ?? "" }).then((answer) => {
			if (!wanted) return;
			setFailed("");
			const lines = [...old.lines, ...answer.lines];
			setState({ ...answer, lines: lines.slice(-KEPT), first: old.first + Math.max(0, lines.length - KEPT), dropped: old.dropped + answer.dropped, asked });
		}).catch((error) => wanted && setFailed(error.message));
		return () => {
			wanted = false;
		};
	}, [newest, asked]);
	const [top, setTop] = useState(0);
	const stick = () => {
		if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
	};
	useLayoutEffect(stick);
	const onScroll = () => {
		const { scrollTop, scrollHeight, clientHeight } = /** @type {HTMLDivElement} */ (box.current);
		setTop(scrollTop);
		if (scrollTop < scrollHeight - clientHeight - 40) setFollowing(false);
	};

	const choice = (/** @type {string} */ label, /** @type {string} */ value, /** @type {string[]} */ all, /** @type {(each: string) => string} */ show) =>
		html`<label>${label} <select value=${value} onChange=${(event) => setParams({ [label.toLowerCase()]: valueOf(event) })}><option value="">all</option>${all.map((each) => html`<option key=${each} value=${each} title=${each}>${show(each)}</option>`)}</select></label>`;
	return html`<h1>Logs</h1>
		${failed && html`<p class="notice warn">${failed}</p>`}
		<div class="row controls">
			<${Filter} text=${filter} hint="text" />
			${choice("Level", level, LEVELS, (each) => `${each} and above`)}
			${choice("Node", node, state.nodes, shortNode)}
			<${Check} on=${following} flip=${() => setFollowing(!following)}>follow<//>
		</div>
		${state.dropped > 0 && html`<p class="notice">${count(state.dropped)} lines are no longer kept.</p>`}
		<div class="scroll log" ref=${box} onScroll=${onScroll} tabindex="0" role="region" aria-label="Log lines">
			${state.lines.length === 0 ? html`<p class="empty">No lines.</p>` : html`<${Lines} lines=${state.lines} first=${state.first} top=${top} height=${box.current?.clientHeight ?? 600} onMeasured=${stick} />`}
		</div>`;
}

/** Chunks of lines, of which those in sight are in the document; the others are as high as they were, or as they may be. @type {Fn.Lines} */
function Lines({ lines, first, top, height, onMeasured }) {
	const table = useRef(/** @type {HTMLTableElement | null} */ (null));
	const heights = useRef(/** @type {Map<string, number>} */ (new Map()));
	const [, again] = useState(0);
	let y = 0;
	const chunks = [];
	for (let k = 0; k < lines.length; ) {
		const part = lines.slice(k, k + CHUNK - ((first + k) % CHUNK));
		const key = `${part[0].id}-${part.length}`;
		const tall = heights.current.get(key) ?? part.reduce((sum, { text }) => sum + text.split("\n").length * LINE, 0);
		const seen = y + tall > top - SPARE && y < top + height + SPARE;
		chunks.push(seen
			? html`<tbody key=${key} data-chunk=${key}>${part.map((line, n) => html`<tr key=${line.id} aria-rowindex=${k + n + 2} class=${line.level.toLowerCase()}><td><time>${clock(line.time)}</time></td><td title=${line.node}><bdi>${shortNode(line.node)}</bdi></td><td>${line.level}</td><td class="line">${line.text}${line.times > 1 ? html` <small>× ${count(line.times)}</small>` : ""}</td></tr>`)}</tbody>`
			: html`<tbody key=${key} aria-hidden="true"><tr><td colspan="4" style=${{ height: `${tall}px` }}></td></tr></tbody>`);
		y += tall;
		k += part.length;
	}
	useLayoutEffect(() => {
		let news = false;
		for (const body of /** @type {NodeListOf<HTMLElement>} */ (table.current?.querySelectorAll("[data-chunk]") ?? [])) {
			const key = body.dataset.chunk ?? "";
			news ||= heights.current.get(key) !== body.offsetHeight;
			heights.current.set(key, body.offsetHeight);
		}
		if (news) again((n) => n + 1);
		onMeasured();
	});
	return html`<table class="plain" ref=${table} aria-rowcount=${lines.length + 1}><colgroup><col /><col /><col /></colgroup><thead class="visually-hidden"><tr aria-rowindex="1"><th scope="col">time</th><th scope="col">node</th><th scope="col">level</th><th scope="col">text</th></tr></thead>${chunks}</table>`;
}
