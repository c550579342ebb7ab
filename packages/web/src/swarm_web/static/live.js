// Keeps a Run up to date: a snapshot first, then frames, over a connection that all tabs share.
import { computed, effect, signal } from "@preact/signals";
import { get, loseRole, role, session, whoAmI } from "./api.js";
import { Run } from "./run.js";
import { stream } from "./stream-worker.js";

/** How the connection is: "connecting…", "live", "lost". */
export const connection = signal("connecting…");
/** When we heard of the process last (ms). */
export const heardAt = signal(0);
/** The browser's clock, second by second. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 1000);
const STALE_MS = 4000;
export const isRecorded = computed(() => session.value.replay || run.run.value.replay);
/** Whether what is shown is no longer what is. */
export const isLost = computed(() => !isRecorded.value && (connection.value === "lost" || (connection.value === "live" && now.value - heardAt.value >= STALE_MS)));
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
/** Seconds after which all is fetched anew: old rows and columns come folded, so that a page left open stays small. */
const AGAIN_S = 900;
let snapshotAt = 0;
/** @type {any[]} */
let held = [];

const epochOf = (/** @type {string} */ id) => id.slice(0, id.lastIndexOf("-"));
const numberOf = (/** @type {string} */ id) => Number(id.split("-").pop());
/** Whether it is of another process, or another run. @param {string} id */
const isOther = (id) => epochOf(id) !== epochOf(last);
/** Whether a frame says something new. @param {string} id */
const isNew = (id) => isOther(id) || numberOf(id) > numberOf(last);

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
		if (role.value) setTimeout(fetchSnapshot, 2000);
	}
}

/** @param {any} frame */
function take(frame) {
	heardAt.value = Date.now();
	if (early) early.push(frame);
	else if (frozen.value) held.push(frame);
	else if (isNew(frame.id)) {
		if (isOther(frame.id)) fetchSnapshot();
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
	const full = JSON.parse(message.data ?? "{}");
	if (message.type === "frame") take(full);
	else if (message.type === "full") {
		heardAt.value = Date.now();
		held = [];
		if (!early && isNew(full.id)) replace(full);
	} else if (message.type === "auth") loseRole();
	else if (message.type === "bye") setConnection("lost");
	else {
		const wasLost = connection.value === "lost";
		setConnection(message.open ? "live" : "lost");
		if (!message.open) return;
		if (wasLost || !role.value) whoAmI().catch(() => {}); // logged in in another tab, or another process
		if (role.value && run.known.value && Date.now() - heardAt.value > 5000) fetchSnapshot();
		heardAt.value = Date.now();
	}
}

/** @param {string} state */
function setConnection(state) {
	if (heardAt.value || state === "live") connection.value = state;
}

/** The one address that may become a worker's, under Trusted Types. @param {string} address */
function workerAddress(address) {
	return /** @type {any} */ (globalThis).trustedTypes?.createPolicy("swarm-worker", { createScriptURL: () => address }).createScriptURL("") ?? address;
}

/** All tabs share a connection. */
function share() {
	const { port } = new SharedWorker(workerAddress(new URL("stream-worker.js", import.meta.url).href), { type: "module" });
	port.onmessage = ({ data }) => hear(data);
	addEventListener("pagehide", () => port.postMessage("close"));
	addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
	return () => port.postMessage("open");
}

/** Without SharedWorker each tab has its own connection, while it is seen. */
function alone() {
	const { open, close } = stream(hear);
	document.addEventListener("visibilitychange", () => {
		if (document.hidden) close();
		else if (role.value) open();
		else whoAmI().catch(() => {});
	});
	return open;
}

/** Follow the run, while we have a role. */
export function follow() {
	const open = typeof SharedWorker === "undefined" ? alone() : share();
	effect(() => {
		if (!role.value) return;
		fetchSnapshot();
		open();
	});
}
