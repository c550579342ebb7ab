// Keeps a Run up to date: a snapshot first, then frames, over a connection that all tabs share.
import { signal } from "@preact/signals";
import { get, session } from "./api.js";
import { Run } from "./run.js";

/** How the connection is: "connecting", "live", "lost"; and since when (ms). */
export const connection = signal({ state: "connecting", since: Date.now() });
/** When the last frame came (ms). */
export const heardAt = signal(0);
/** Whether the display is frozen; the load goes on. */
export const frozen = signal(false);

/** @type {Source} */
const source = {
	series: (method, name) => get("series", { method, name }),
	heatmap: (method, name, of = "service") => get("heatmap", { method, name, of }),
	percentiles: (method, name, of) => get("percentiles", { method, ...(name && { name }), of }),
	errors: () => get("errors"),
};

export const run = new Run(source, true);

/** @type {any[] | null} frames that came while a snapshot is on its way */
let early = null;
let last = "";
/** Seconds after which the whole is asked for again: the process keeps old rows and columns folded, so that a page left open stays small. */
const AGAIN_S = 900;
let snapshotAt = 0;
/** @type {any[]} */
let held = [];

/** @param {string} id */
function numbered(id) {
	const cut = id.lastIndexOf("-");
	return { epoch: id.slice(0, cut), number: Number(id.slice(cut + 1)) };
}

/** Whether a frame says something new. @param {string} id */
function isNew(id) {
	const [a, b] = [numbered(id), numbered(last)];
	return a.epoch !== b.epoch || a.number > b.number;
}

/** @param {any} snapshot */
function replace(snapshot) {
	last = snapshot.id;
	snapshotAt = snapshot.time;
	run.replace(snapshot);
	get("heatmap").then((heat) => run.setHeat(heat)).catch(() => {});
	if (run.heatIntent.bounds.length || snapshot.run.late) fetchIntent();
}

let asking = false;

/** The heat map from the intended starts, which only a run with late requests has. */
function fetchIntent() {
	if (asking) return;
	asking = true;
	get("heatmap", { of: "intent" }).then((heat) => run.setHeat(heat, "heatIntent")).catch(() => {}).finally(() => (asking = false));
}

async function fetchSnapshot() {
	if (early) return;
	early = [];
	try {
		replace(await get("snapshot"));
		const waiting = early ?? [];
		early = null;
		for (const frame of waiting) take(frame);
	} catch {
		early = null;
		setTimeout(fetchSnapshot, 2000);
	}
}

/** @param {any} frame */
function take(frame) {
	heardAt.value = Date.now();
	if (early) early.push(frame);
	else if (frozen.value) held.push(frame);
	else if (isNew(frame.id)) {
		if (numbered(frame.id).epoch !== numbered(last).epoch) fetchSnapshot(); // another process, or another run
		else {
			last = frame.id;
			run.update(frame);
			if (frame.time - snapshotAt > AGAIN_S) fetchSnapshot();
			if (frame.run?.late && !run.heatIntent.bounds.length) fetchIntent();
		}
	}
}

/** Stop or go on to show what comes. */
export function freeze() {
	frozen.value = !frozen.value;
	if (frozen.value) return;
	const frames = held;
	held = [];
	if (frames.length > 100) fetchSnapshot();
	else for (const frame of frames) take(frame);
}

/** @param {{type: string, data?: string, open?: boolean}} message */
function hear(message) {
	if (message.type === "frame") take(JSON.parse(message.data ?? "{}"));
	else if (message.type === "full") {
		const full = JSON.parse(message.data ?? "{}");
		heardAt.value = Date.now();
		held = [];
		if (!early && isNew(full.id)) replace(full);
	} else if (message.type === "auth") session.value = { ...session.value, role: null };
	else if (message.type === "bye") setConnection("lost");
	else if (message.type === "state") {
		setConnection(message.open ? "live" : "lost");
		if (message.open && run.known.value && Date.now() - heardAt.value > 5000) fetchSnapshot();
	}
}

/** @param {string} state */
function setConnection(state) {
	if (connection.value.state === "connecting" && state === "lost" && !heardAt.value) return;
	if (connection.value.state !== state) connection.value = { state, since: Date.now() };
}

/** The one address that may become a worker's, under Trusted Types. @param {string} address */
function workerAddress(address) {
	const types = /** @type {any} */ (globalThis).trustedTypes;
	if (!types) return address;
	return types.createPolicy("swarm-worker", { createScriptURL: () => address }).createScriptURL("");
}

/** @param {{hear: (message: any) => void}} listener */
function connectShared({ hear: listener }) {
	const worker = new SharedWorker(workerAddress(new URL("stream-worker.js", import.meta.url).href));
	worker.port.onmessage = ({ data }) => listener(data);
	worker.port.start();
	worker.port.postMessage("open");
	addEventListener("pagehide", () => worker.port.postMessage("close"));
	addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
}

/** Without SharedWorker each tab has its own connection, while it is seen. */
function connectAlone() {
	/** @type {EventSource | null} */
	let events = null;
	const open = () => {
		const here = (events = new EventSource("api/v1/stream"));
		here.onopen = () => hear({ type: "state", open: true });
		here.onerror = () => {
			hear({ type: "state", open: false });
			if (here.readyState === EventSource.CLOSED) setTimeout(() => here === events && open(), 2000);
		};
		for (const type of ["full", "frame", "auth", "bye"])
			here.addEventListener(type, (message) => hear({ type, data: /** @type {MessageEvent} */ (message).data }));
	};
	document.addEventListener("visibilitychange", () => {
		events?.close();
		events = null;
		if (!document.hidden) open();
	});
	open();
}

/** Begin to follow the run. */
export function follow() {
	fetchSnapshot();
	if (typeof SharedWorker === "undefined") connectAlone();
	else connectShared({ hear });
}
