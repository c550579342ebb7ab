// Columnar tables as the server sends them: each key a column, all equally long. No sockets, no DOM.

/** @typedef {Record<string, any[]>} Columns */

/** The number of rows. @param {Columns} columns @param {string} key */
export const length = (columns, key) => columns[key]?.length ?? 0;

/** Names whose rows keep their number `i`. */
export class Names {
  /** @param {Columns} columns */
  constructor(columns) {
    this.columns = columns;
    /** @type {Map<number, number>} */
    this.at = new Map((columns.i ?? []).map((i, position) => [i, position]));
  }

  get size() {
    return length(this.columns, "i");
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

  /** The position of a name. @param {string} method @param {string} name @returns {number} -1 when it is not there */
  find(method, name) {
    const { method: methods, name: names } = this.columns;
    return (names ?? []).findIndex((each, k) => each === name && methods[k] === method);
  }
}

/** Positions of the rows that a filter lets through, in order. */
export class Order {
  /**
   * @param {Columns} columns
   * @param {{filter?: string, sort?: string, wants?: (position: number) => boolean}} options `sort` is a column's
   *   name, with "-" before it for the largest first; "" is failing first, then slowest
   */
  static of(columns, { filter = "", sort = "", wants }) {
    const names = columns.name ?? [];
    const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
    const positions = [];
    for (let k = 0; k < names.length; k++) {
      if (wants && !wants(k)) continue;
      if (words.length) {
        const text = `${columns.method[k]} ${names[k]}`.toLowerCase();
        if (!words.every((word) => text.includes(word))) continue;
      }
      positions.push(k);
    }
    return positions.sort(comparison(columns, sort));
  }
}

/** @param {Columns} columns @param {string} sort @returns {(a: number, b: number) => number} */
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

/** @param {Columns} columns @returns {(a: number, b: number) => number} */
function failingFirst(columns) {
  const { failures = [], p95 = [], p95_run: whole = [] } = columns;
  const slow = (/** @type {number} */ k) => p95[k] ?? whole[k] ?? 0;
  return (a, b) => (failures[b] ?? 0) - (failures[a] ?? 0) || slow(b) - slow(a) || a - b;
}

// -- names as a tree by their paths ------------------------------------------------------------------------------

/**
 * @typedef {object} Line
 * @property {number} depth
 * @property {string} label
 * @property {number} [position] of a name; a line without one is a folder
 * @property {string} [path] of a folder
 * @property {number} [names] of a folder: how many there are below
 * @property {Record<string, number | null>} [sums] of a folder
 */

const SUMMED = ["requests", "failures", "rps", "fps", "interrupted"];
const HIGHEST = ["p50", "p95", "p99", "p50_run", "p95_run", "p99_run", "max"];

/** @param {string} name */
export function segments(name) {
  const path = name.replace(/^[a-z]+:\/\/[^/]+/i, "").split("?")[0];
  return path.split("/").filter(Boolean);
}

/**
 * The lines to show, folders that are not in `open` closed. A folder with one name is that name.
 * @param {Columns} columns @param {number[]} order positions @param {Set<string>} open paths
 * @returns {Line[]}
 */
export function treeLines(columns, order, open) {
  const root = { path: "", label: "", below: new Map(), here: /** @type {number[]} */ ([]), all: /** @type {number[]} */ ([]) };
  for (const position of order) {
    let node = root;
    node.all.push(position);
    for (const part of segments(columns.name[position]).slice(0, -1)) {
      if (!node.below.has(part)) node.below.set(part, { path: `${node.path}/${part}`, label: part, below: new Map(), here: [], all: [] });
      node = node.below.get(part);
      node.all.push(position);
    }
    node.here.push(position);
  }
  /** @type {Line[]} */
  const out = [];
  walk(root, 0, columns, open, out);
  return out;
}

/** @param {any} node @param {number} depth @param {Columns} columns @param {Set<string>} open @param {Line[]} out */
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

/** @param {Columns} columns @param {number[]} positions */
function sums(columns, positions) {
  /** @type {Record<string, number | null>} */
  const out = {};
  for (const key of SUMMED) out[key] = positions.reduce((sum, k) => sum + (columns[key]?.[k] ?? 0), 0);
  for (const key of HIGHEST) out[key] = positions.reduce((most, k) => (columns[key]?.[k] == null ? most : Math.max(most ?? 0, columns[key][k])), /** @type {number | null} */ (null));
  return out;
}
