// How figures read: always with their unit, tabular, and "–" for what is not known.
import { signal } from "@preact/signals";

/** Whether times of day are shown in UTC instead of the browser's zone. */
export const utc = signal(false);

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const NONE = "–";

/** What a run is called. @param {any} run */
export const titleOf = ({ profile, locustfile }) => profile || locustfile?.split("/").pop() || "Swarm";

/** @param {number | null | undefined} n */
export const count = (n) => (n == null ? NONE : whole.format(n));

/** Three digits that say something. @param {number | null | undefined} n */
export function figure(n) {
	if (n == null) return NONE;
	const size = Math.abs(n);
	if (size >= 100 || n === 0) return whole.format(n);
	return n.toFixed(size >= 10 ? 1 : size >= 0.1 ? 2 : 3).replace(/\.?0+$/, "");
}

/** Milliseconds with their unit; long ones in seconds. @param {number | null | undefined} n */
export const ms = (n) => (n == null ? NONE : n >= 10_000 ? `${figure(n / 1000)} s` : `${figure(n)} ms`);

/** @type {Fn.percent} */
export const percent = (part, all) => (!all || part == null ? NONE : `${figure((100 * part) / all)} %`);

/** @param {number | null | undefined} n */
export function bytes(n) {
	if (n == null) return NONE;
	if (n < 1e3) return `${Math.round(n)} B`;
	return n < 1e6 ? `${figure(n / 1e3)} kB` : n < 1e9 ? `${figure(n / 1e6)} MB` : `${figure(n / 1e9)} GB`;
}

/** Seconds as h:mm:ss. @param {number | null | undefined} s */
export function duration(s) {
	if (s == null) return NONE;
	const t = Math.max(0, Math.floor(s));
	const two = (/** @type {number} */ x) => String(x).padStart(2, "0");
	return `${two(Math.floor(t / 3600))}:${two(Math.floor(t / 60) % 60)}:${two(t % 60)}`;
}

/** A time of day. @param {number | null | undefined} t seconds since the epoch */
export function clock(t) {
	if (t == null) return NONE;
	const at = new Date(t * 1000);
	return utc.value ? `${at.toISOString().slice(11, 19)} UTC` : at.toTimeString().slice(0, 8);
}

/** Date and time. @param {number | null | undefined} t */
export function dateTime(t) {
	if (t == null) return NONE;
	const at = new Date(t * 1000);
	const day = utc.value
		? at.toISOString().slice(0, 10)
		: `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
	return `${day} ${clock(t)}`;
}
