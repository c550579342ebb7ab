// One run as the views see it, whether it goes on, was recorded, or lies in a report. Views read signals, and ask
// `source` for details; they never fetch.
import { batch, computed, signal } from "@preact/signals";
import { Names } from "./table.js";

/** @typedef {import("./table.js").Columns} Columns */
/** @typedef {Record<string, number[]>} Series */
/**
 * @typedef {{bounds: number[], step: number, time: number[], columns: number[][]}} Heat
 * `bounds` are the buckets' edges (ms); a column is bucket, count, bucket, count…
 */
/**
 * @typedef {object} Source What a view may ask for.
 * @property {(method: string, name: string) => Promise<Series & {step: number}>} series
 * @property {(method: string, name: string) => Promise<Heat | null>} heatmap null where there is none
 * @property {() => Promise<any>} errors
 */

const NO_RUN = {
  state: "ready", since: 0, started: null, ended: null, elapsed: 0, run_time: null, users: 0, target: 0, rate: 0,
  classes: {}, target_classes: {}, host: null, locustfile: null, profile: null, shape: null, role: "local",
  replay: false, waits: null, actions: [], workers: { there: 0, expected: 0, missing: 0 },
  verdict: { valid: true, reasons: [] }, accounting: null, interrupted: 0, names_full: false, max_names: 0,
};

/** @type {Heat} */
const NO_HEAT = { bounds: [], step: 1, time: [], columns: [] };

export class Run {
  /** @param {Source} source @param {boolean} live whether frames come */
  constructor(source, live) {
    this.source = source;
    this.live = live;
    /** Grows with each frame; who reads tables that change in place reads it, too. */
    this.tick = signal(0);
    this.known = signal(false);
    this.time = signal(0);
    /** @type {import("@preact/signals").Signal<any>} */
    this.run = signal(NO_RUN);
    /** @type {import("@preact/signals").Signal<any>} */
    this.total = signal({});
    this.names = new Names({});
    /** @type {import("@preact/signals").Signal<Columns>} */
    this.workers = signal({});
    /** @type {Series} */
    this.history = { time: [] };
    this.historyLag = 0;
    this.window = 10;
    /** @type {import("@preact/signals").Signal<any[]>} */
    this.events = signal([]);
    this.errors = signal({ kinds: 0, occurrences: 0, exceptions: 0 });
    this.log = signal(0);
    this.heat = NO_HEAT;
    /** Where a sparkline of a name comes from, when it is at hand. @type {((k: number) => number[] | null)} */
    this.sparkline = () => null;
    this.isOver = computed(() => this.run.value.state === "stopped" || this.run.value.state === "quit");
  }

  /** Replace everything. @param {any} snapshot */
  replace(snapshot) {
    batch(() => {
      this.names = new Names(snapshot.names);
      this.history = snapshot.history;
      this.historyLag = snapshot.history_lag ?? 0;
      this.window = snapshot.window ?? 10;
      this.heat = { ...this.heat, time: [], columns: [] };
      this.events.value = snapshot.events;
      this.known.value = true;
      this.#present(snapshot);
    });
  }

  /** Take in what has changed; what a frame leaves out has not. @param {any} frame */
  update(frame) {
    batch(() => {
      this.names.update(frame.names ?? {});
      put(this.history, frame.history ?? {});
      fold(this.history, frame.time);
      if (this.heat.bounds.length) putHeat(this.heat, frame.heat);
      const last = this.events.value.at(-1)?.id ?? -1;
      const news = (frame.events ?? []).filter((/** @type {any} */ each) => each.id > last);
      if (news.length) this.events.value = [...this.events.value, ...news].slice(-1000);
      this.#present(frame);
    });
  }

  /** @param {any} frame */
  #present(frame) {
    for (const key of /** @type {const} */ (["run", "total", "workers", "errors", "log", "time"]))
      if (frame[key] !== undefined) this[key].value = frame[key];
    this.tick.value += 1;
  }

  /** The whole run's heat map has come. @param {Heat} heat */
  setHeat(heat) {
    const since = this.heat;
    this.heat = heat;
    putHeat(heat, since);
    this.tick.value += 1;
  }

  /** The right edge of the charts: the last second of which everything has come. */
  get edge() {
    return (this.run.value.ended ?? this.time.value) - this.historyLag;
  }
}

/** Put columns of a heat map by their time. @param {Heat} into @param {{time: number[], columns: number[][]}} news */
export function putHeat(into, news) {
  (news?.time ?? []).forEach((t, from) => {
    let at = into.time.length;
    while (at > 0 && into.time[at - 1] > t) at--;
    if (at > 0 && into.time[at - 1] === t) into.columns[at - 1] = news.columns[from];
    else {
      into.time.splice(at, 0, t);
      into.columns.splice(at, 0, news.columns[from]);
    }
  });
}

// -- the run's series: rows by their time, folded as they grow old, so that a page left open stays small ----------

const HIGHEST = new Set(["p95", "p99", "cpu", "lag"]);
const LAST = new Set(["users", "target", "workers", "time"]);

/** Steps (s) of rows that are older than an age (s), the oldest first. */
const FOLDS = [
  { age: 12_900, step: 300 },
  { age: 8_100, step: 30 },
  { age: 900, step: 5 },
];
const SPARE = 300;

/**
 * Put rows by their time; one that is there already gets the newer figures.
 * @param {Series} into @param {Series} rows
 */
export function put(into, rows) {
  const keys = Object.keys(rows);
  (rows.time ?? []).forEach((t, from) => {
    const times = (into.time ??= []);
    let at = times.length;
    while (at > 0 && times[at - 1] > t) at--;
    const known = at > 0 && times[at - 1] === t;
    for (const key of keys) {
      const column = (into[key] ??= Array(times.length).fill(null));
      if (known) column[at - 1] = rows[key][from];
      else if (key !== "time") column.splice(at, 0, rows[key][from]);
    }
    if (!known) times.splice(at, 0, t);
  });
}

/** Fold rows that have grown old, some hundred at once. @param {Series} series @param {number} now */
export function fold(series, now) {
  const { time = [] } = series;
  const oldFine = countFine(time, now);
  if (oldFine < SPARE) return;
  /** @type {Series} */
  const out = Object.fromEntries(Object.keys(series).map((key) => [key, /** @type {number[]} */ ([])]));
  for (let k = 0; k < time.length; ) {
    const step = stepFor(now - time[k]);
    const until = step === 1 ? time[k] + 1 : (Math.floor(time[k] / step) + 1) * step;
    let end = k + 1;
    while (end < time.length && time[end] < until) end++;
    for (const key of Object.keys(series)) out[key].push(foldOne(key, series[key].slice(k, end)));
    k = end;
  }
  Object.assign(series, out);
}

/** @param {number} age */
const stepFor = (age) => FOLDS.find((each) => age > each.age)?.step ?? 1;

/** @param {number[]} time @param {number} now */
function countFine(time, now) {
  let n = 0;
  for (let k = 1; k < time.length && now - time[k] > 900; k++) if (time[k] - time[k - 1] < 5) n++;
  return n;
}

/** @param {string} key @param {(number | null)[]} values @returns {any} */
function foldOne(key, values) {
  if (key === "time") return values[0];
  if (LAST.has(key)) return values[values.length - 1];
  const known = /** @type {number[]} */ (values.filter((each) => each != null));
  if (!known.length) return null;
  return HIGHEST.has(key) ? Math.max(...known) : known.reduce((a, b) => a + b, 0) / known.length;
}

/** The rows from `from` on. @param {Series} series @param {number} from @returns {Series} */
export function since(series, from) {
  const { time = [] } = series;
  let at = 0;
  while (at < time.length && time[at] < from) at++;
  return at === 0 ? series : Object.fromEntries(Object.entries(series).map(([key, values]) => [key, values.slice(at)]));
}
