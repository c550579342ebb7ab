// Asks the process, and tells it what to do. All paths are relative to the page.
import { computed, signal } from "@preact/signals";

/** Who we are: the role is null before a log-in; and why the last log-in failed. */
export const session = signal({ role: /** @type {string | null} */ (null), auth: "auto", login: null, replay: false, version: "", why: "" });
export const role = computed(() => session.value.role);

export const maySteer = () => role.value === "operator" && !session.value.replay;

/** The log-in is needed, again. */
export const loseRole = () => {
	session.value = { ...session.value, role: null, why: "" };
};

/** Raises the error of the answer, with the field that is wrong. @param {string} path @param {RequestInit} [init] */
async function ask(path, init) {
	const answer = await fetch(`api/v1/${path}`, init).catch(() => {
		throw new Error("The process that serves this page does not answer.");
	});
	const body = await answer.json().catch(() => null);
	if (answer.ok) return body;
	if (answer.status === 401 && path !== "session") loseRole();
	throw Object.assign(new Error(), body?.error ?? { message: `The answer was ${answer.status}.` });
}

/** @param {string} path below api/v1/ @param {Record<string, string | number>} [query] */
export const get = (path, query) => {
	const text = new URLSearchParams(/** @type {any} */ (query)).toString();
	return ask(path + (text && `?${text}`));
};

/** Post a command; the same one is never carried out twice. @param {string} path @param {object} [body] */
export const command = (path, body = {}) =>
	ask(path, { method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": crypto.getRandomValues(new Uint32Array(4)).join("-") }, body: JSON.stringify(body) });

export async function whoAmI() {
	session.value = { ...session.value, ...(await get("session")) };
}

/** Find out who we are, with the token of the address if there is one. */
export async function openSession() {
	const token = new URLSearchParams(location.hash.slice(1)).get("token");
	if (token) {
		history.replaceState(null, "", location.pathname + location.search);
		await logIn(token);
	}
	if (!role.value) await whoAmI();
}

/** @param {string} token */
export async function logIn(token) {
	await command("session", { token }).then(
		(who) => (session.value = { ...who, why: "" }),
		({ message }) => (session.value = { ...session.value, why: message }),
	);
}
