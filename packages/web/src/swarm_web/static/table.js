// Columnar tables. No sockets, no DOM.

/** Names whose rows keep their number `i`. */
export class Names {
	/** @param {Columns} columns */
	constructor(columns) {
		this.columns = columns;
		/** @type {Map<number, number>} */
		this.at = new Map((columns.i ?? []).map((i, position) => [i, position]));
	}

	get size() {
		return this.columns.i?.length ?? 0;
	}

	/** Take in rows that changed or are new. @param {Columns} changed */
	update(changed) {
		const keys = Object.keys(changed);
		(changed.i ?? []).forEach((i, from) => {
			let to = this.at.get(i);
			if (to === undefined) {
				to = this.size;
				this.at.set(i, to);
				for (const key of Object.keys(this.columns)) this.columns[key].push(null);
			}
			for (const key of keys) (this.columns[key] ??= Array(this.size).fill(null))[to] = changed[key][from];
		});
	}

	/** @type {Fn.find} */
	find(method, name) {
		const { method: methods, name: names } = this.columns;
		return (names ?? []).findIndex((each, k) => each === name && methods[k] === method);
	}
}

/** Positions of the rows that pass, in order. @type {Fn.ordered} */
export function ordered(columns, { filter = "", sort = "" } = {}) {
	const { method = [], name = [] } = columns;
	const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
	const texts = words.length ? name.map((each, k) => `${method[k]} ${each}`.toLowerCase()) : [];
	const positions = name.map((_, k) => k).filter((k) => words.every((word) => texts[k].includes(word)));
	return positions.sort(comparison(columns, sort));
}

/** @type {Fn.comparison} */
export function comparison(columns, sort) {
	if (!sort) return failingFirst(columns);
	const down = sort.startsWith("-");
	const values = columns[down ? sort.slice(1) : sort] ?? [];
	const sign = down ? -1 : 1;
	return (a, b) => {
		const x = values[a];
		const y = values[b];
		if (x == null || y == null) return x == null ? (y == null ? a - b : 1) : -1; // what is not known comes last
		return (typeof x === "string" ? x.localeCompare(y) : x - y) * sign || a - b;
	};
}

/** @type {Fn.failingFirst} */
function failingFirst(columns) {
	const { failures = [], p95 = [], p95_run: whole = [] } = columns;
	const slow = (/** @type {number} */ k) => p95[k] ?? whole[k] ?? 0;
	return (a, b) => (failures[b] ?? 0) - (failures[a] ?? 0) || slow(b) - slow(a) || a - b;
}

// -- names as a tree by their paths --

const SUMMED = ["requests", "failures", "rps", "fps", "interrupted", "late"];
const HIGHEST = ["p50", "p95", "p99", "p50_run", "p95_run", "p99_run", "p95_intent_run", "max"];

/** The parts of a path; of a whole address the host first. @param {string} name */
export function segments(name) {
	const [, host, path] = /** @type {RegExpExecArray} */ (/^([a-z]+:\/\/[^/?]+)?([^?]*)/i.exec(name));
	return [...(host ? [host] : []), ...path.split("/").filter(Boolean)];
}

/** The lines to show; a folder with one name is that name. @type {Fn.treeLines} */
export function treeLines(columns, order, open) {
	const root = { path: "", label: "", below: new Map(), here: /** @type {number[]} */ ([]), all: /** @type {number[]} */ ([]) };
	for (const position of order) {
		let node = root;
		node.all.push(position);
		const parts = segments(columns.name[position]);
		for (const part of parts.slice(0, parts[0]?.includes(":") ? Math.max(1, parts.length - 1) : -1)) {
			if (!node.below.has(part)) node.below.set(part, { path: part.includes("://") ? part : `${node.path}/${part}`, label: part, below: new Map(), here: [], all: [] });
			node = node.below.get(part);
			node.all.push(position);
		}
		node.here.push(position);
	}
	/** @type {TreeLine[]} */
	const out = [];
	walk(root, 0, columns, open, out);
	return out;
}

/** @type {Fn.walk} */
function walk(node, depth, columns, open, out) {
	for (const child of node.below.values()) {
		if (child.all.length === 1) out.push({ depth, label: columns.name[child.all[0]], position: child.all[0] });
		else {
			out.push({ depth, label: `${child.path}/`, path: child.path, names: child.all.length, sums: sums(columns, child.all) });
			if (open.has(child.path)) walk(child, depth + 1, columns, open, out);
		}
	}
	for (const position of node.here) out.push({ depth, label: columns.name[position], position });
}

/** @type {Fn.sums} */
function sums(columns, positions) {
	/** @type {Record<string, number | null>} */
	const out = {};
	for (const key of SUMMED) out[key] = positions.reduce((sum, k) => sum + (columns[key]?.[k] ?? 0), 0);
	for (const key of HIGHEST) out[key] = positions.reduce((most, k) => (columns[key]?.[k] == null ? most : Math.max(most ?? 0, columns[key][k])), /** @type {number | null} */ (null));
	return out;
}
