// The address holds the page, the filter, the order and the time range: it can be shared, and survives a reload.
import { signal } from "@preact/signals";

/** A token is no page. @returns {Route} */
function read() {
	const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
	return { page: /^\w+$/.test(path) ? path : "live", params: Object.fromEntries(new URLSearchParams(query)) };
}

/** Where we are. */
export const route = signal(read());

addEventListener("hashchange", () => {
	route.value = read();
});

/** The address of a page. @type {Fn.href} */
export function href(page, params = {}) {
	const set = Object.entries(params).filter(([, value]) => value != null && value !== "");
	const query = new URLSearchParams(/** @type {any} */ (set)).toString();
	return `#/${page}${query ? `?${query}` : ""}`;
}

/** Go to a page. @type {Fn.go} */
export const go = (page, params = {}) => {
	location.hash = href(page, params);
};

/** Change parameters of this page without a step in the history. @param {Params} changes */
export function setParams(changes) {
	const { page, params } = route.value;
	history.replaceState(null, "", href(page, { ...params, ...changes }));
	route.value = read();
}

/** Parameters that go along from page to page. @returns {Record<string, string>} */
export const kept = () => (route.value.params.range ? { range: route.value.params.range } : {});

// -- the stretch of time that the charts show --

const SPANS = /** @type {Record<string, number>} */ ({ "15m": 900, "1h": 3600, all: Infinity });
export const RANGES = Object.keys(SPANS);

/** @type {Fn.range} */
export function range(run) {
	const name = route.value.params.range ?? (run.live && route.value.page !== "report" ? "15m" : "all");
	const zoom = /^(\d+)-(\d+)$/.exec(name);
	if (zoom) return { from: Number(zoom[1]), to: Number(zoom[2]), name };
	const to = Math.floor(run.edge);
	const first = run.history.time[0] ?? run.run.value.started ?? to;
	const from = Math.max(to - (SPANS[name] ?? 900), Math.floor(first));
	return { from: Math.min(from, to - 10), to, name };
}

/** Show what was drawn over with the pointer. @param {number} from @param {number} to */
export const zoom = (from, to) => setParams({ range: `${Math.floor(from)}-${Math.ceil(to)}` });

/** Go one range to and fro. @param {Run} run @param {number} by */
export function stepRange(run, by) {
	const at = RANGES.indexOf(range(run).name);
	const next = RANGES[(at < 0 ? RANGES.length - 1 : at) + by];
	if (next) setParams({ range: next });
}
