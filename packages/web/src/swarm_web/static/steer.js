// What the buttons and keys ask of the run. Nothing changes on the page before a frame says so.
import { computed, effect, signal } from "@preact/signals";
import { command, maySteer } from "./api.js";
import { count } from "./format.js";
import { isLost, run } from "./live.js";

/** What was asked for and has not been confirmed: its words, and the number of its event. */
export const requested = signal({ text: "", event: 0, state: "" });
/** The last refusal, "" for none. */
export const refusal = signal("");
/** Which dialog is open: "", "load", "help", "sure". */
export const dialog = signal("");
/** What "sure" asks. */
export const question = signal({ title: "", text: "", yes: "", act: () => /** @type {unknown} */ (0) });

effect(() => {
	const { text, event, state } = requested.value;
	if (!text) return;
	const answered = run.events.value.some((each) => each.id >= event && each.kind === "command");
	if (answered || run.run.value.state !== state) requested.value = { text: "", event: 0, state: "" };
});

effect(() => {
	if (!isLost.value) refusal.value = ""; // what did not answer does
});

/** What a button that steers has besides: not connected, it does nothing, and says why. */
export const off = computed(() => (isLost.value ? { disabled: true, title: "Not connected: nobody would carry it out." } : {}));

/**
 * Ask; raises an error when it is refused.
 * @param {string} text what the header says meanwhile @param {string} path @param {object} [body]
 */
export async function ask(text, path, body) {
	refusal.value = "";
	const { state } = run.run.value;
	const { event } = await command(path, body);
	requested.value = { text, event, state };
}

/** The same, showing a refusal above the page. @param {string} text @param {string} path @param {object} [body] */
export const tell = (text, path, body) =>
	ask(text, path, body).catch((error) => {
		refusal.value = error.message;
	});

/** @param {string} action */
export const may = (action) => maySteer() && run.run.value.actions.includes(action);

/** @param {string} title @param {string} text @param {string} yes @param {() => unknown} act */
const askFirst = (title, text, yes, act) => {
	question.value = { title, text, yes, act };
	dialog.value = "sure";
};

/** @param {number} n @param {string} [verb] */
export const users = (n, verb = "") => (n === 1 ? `1 user${verb && `${verb}s`}` : `${count(n)} users${verb}`);

export const stop = () => askFirst("Stop the run?", `${users(run.run.value.users, " stop")}. Requests in flight have a moment to end; the figures stay.`, "Stop the run", () => tell("Stop", "run/stop"));
export const reset = () => askFirst("Reset the statistics?", `All figures of this run so far go.${["spawning", "running"].includes(run.run.value.state) ? " The load goes on." : ""}`, "Reset", () => tell("Reset", "run/reset"));
/** Cut off what drains while the run stops. */
export const force = () => askFirst("Force the stop?", `${users(run.run.value.users, " that still run")} will be cut off at once. Their requests count as interrupted, and as nothing else.`, "Force now", () => tell("Force", "run/stop", { force: true }));
/** Let a worker go. @param {string} id @param {number} n its users */
export const drain = (id, n) => askFirst("Drain this worker?", `${id} ends its ${users(n)} in order, delivers all that it measured, and leaves. The others take the users over at the spawn rate.`, "Drain", () => tell("Drain", `workers/${encodeURIComponent(id)}/drain`));

export const pause = () => {
	if (may("pause")) tell("Pause", "run/pause", { paused: true });
	else if (may("resume")) tell("Resume", "run/pause", { paused: false });
};
