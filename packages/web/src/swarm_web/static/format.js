// How figures read: always with their unit, tabular, and "–" for what is not known.
import { signal } from "@preact/signals";

/** Whether times of day are shown in UTC. */
export const utc = signal(false);

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const NONE = "–";

/** What a run is called. @param {any} run */
export const titleOf = ({ profile, locustfile }) => profile || locustfile?.split("/").pop() || "Swarm";

/** @type {Fn.maybe} */
export const count = (n) => (n == null ? NONE : whole.format(n));

/** Three digits that say something. @type {Fn.maybe} */
export function figure(n) {
	if (n == null) return NONE;
	const size = Math.abs(n);
	if (size >= 100 || n === 0) return whole.format(n);
	return n.toFixed(size >= 10 ? 1 : size >= 0.1 ? 2 : 3).replace(/\.?0+$/, "");
}

/** Long ones in seconds. @type {Fn.maybe} */
export const ms = (n) => (n == null ? NONE : n >= 10_000 ? `${figure(n / 1000)} s` : `${figure(n)} ms`);

/** @type {Fn.percent} */
export const percent = (part, all) => (!all || part == null ? NONE : `${figure((100 * part) / all)} %`);

/** @type {Fn.maybe} */
export function bytes(n) {
	if (n == null) return NONE;
	if (n < 1e3) return `${Math.round(n)} B`;
	return n < 1e6 ? `${figure(n / 1e3)} kB` : n < 1e9 ? `${figure(n / 1e6)} MB` : `${figure(n / 1e9)} GB`;
}

/** @type {Fn.maybe} */
export function duration(s) {
	if (s == null) return NONE;
	const t = Math.max(0, Math.floor(s));
	const two = (/** @type {number} */ x) => String(x).padStart(2, "0");
	return `${two(Math.floor(t / 3600))}:${two(Math.floor(t / 60) % 60)}:${two(t % 60)}`;
}

/** A time of day, of seconds since the epoch. @type {Fn.maybe} */
export function clock(t) {
	if (t == null) return NONE;
	const at = new Date(t * 1000);
	return utc.value ? `${at.toISOString().slice(11, 19)} UTC` : at.toTimeString().slice(0, 8);
}

/** @type {Fn.maybe} */
export function dateTime(t) {
	if (t == null) return NONE;
	const at = new Date(t * 1000);
	const day = utc.value
		? at.toISOString().slice(0, 10)
		: `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
	return `${day} ${clock(t)}`;
}

/** A worker's id without most of its random part. @param {string} id */
export const shortNode = (id) => id.replace(/(_[0-9a-f]{8})[0-9a-f]{24}$/, "$1…");
