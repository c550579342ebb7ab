// One run as the views see it, whether it goes on, was recorded, or lies in a report. Views read signals, and ask
// `source` for details; they never fetch.
import { batch, computed, signal } from "@preact/signals";
import { Names } from "./table.js";

const NO_RUN = { state: "ready", started: null, elapsed: 0, actions: [], workers: { there: 0, expected: 0, missing: 0 } };

/** @type {Heat} */
const NO_HEAT = { bounds: [], step: 1, time: [], columns: [] };

const HEAT = ["time", "columns"];
const HEATS = /** @type {const} */ (["heat", "heatIntent"]);

export class Run {
	/** @param {Source} source @param {boolean} live whether frames come */
	constructor(source, live) {
		this.source = source;
		this.live = live;
		/** Grows with each frame: tables change in place. */
		this.tick = signal(0);
		this.known = signal(false);
		this.time = signal(0);
		/** @type {Signal<any>} */
		this.run = signal(NO_RUN);
		/** @type {Signal<any>} */
		this.total = signal({});
		this.names = new Names({});
		/** @type {Signal<Columns>} */
		this.workers = signal({});
		/** @type {Series} */
		this.history = { time: [] };
		this.historyLag = 0;
		this.window = 10;
		/** @type {Signal<any[]>} */
		this.events = signal([]);
		this.errors = signal({ kinds: 0, occurrences: 0, exceptions: 0 });
		this.log = signal(0);
		this.heat = NO_HEAT;
		/** The same, of latencies from the intended start. */
		this.heatIntent = NO_HEAT;
		/** A load that is being edited, for the chart of users. @type {Signal<Load | null>} */
		this.draft = signal(null);
		/** A name's sparkline, when it is at hand. @type {((k: number) => number[] | null)} */
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
			for (const key of HEATS) this[key] = { ...this[key], time: [], columns: [] };
			this.events.value = snapshot.events;
			this.known.value = true;
			this.#present(snapshot);
		});
	}

	/** Take in what has changed; what a frame leaves out has not. @param {any} frame */
	update(frame) {
		batch(() => {
			this.names.update(frame.names ?? {});
			put(this.history, frame.history);
			if (this.heat.bounds.length) put(this.heat, frame.heat, HEAT);
			if (this.heatIntent.bounds.length) put(this.heatIntent, frame.heat_intent, HEAT);
			const last = this.events.value.at(-1)?.id ?? -1;
			/** @type {any[]} */
			const news = frame.events ?? [];
			if (news.length) this.events.value = [...this.events.value, ...news.filter(({ id }) => id > last)].slice(-1000);
			this.#present(frame);
		});
	}

	/** @param {any} frame */
	#present(frame) {
		for (const key of /** @type {const} */ (["run", "total", "workers", "errors", "log", "time"]))
			if (frame[key] !== undefined) this[key].value = frame[key];
		this.tick.value += 1;
	}

	/** The whole run's heat map has come. @type {Fn.setHeat} */
	setHeat(heat, key = "heat") {
		const since = this[key];
		this[key] = heat;
		put(heat, since, HEAT);
		this.tick.value += 1;
	}

	/** The right edge of the charts: the last second of which everything has come; after the end all has. */
	get edge() {
		const { ended } = this.run.value;
		return ended ? Math.ceil(ended) : this.time.value - this.historyLag;
	}
}

/** Put rows of a series, or columns of a heat map, by their time; newer figures replace older. @type {Fn.put} */
export function put(into, rows = {}, keys = Object.keys(rows)) {
	(rows.time ?? []).forEach((/** @type {number} */ t, /** @type {number} */ from) => {
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
