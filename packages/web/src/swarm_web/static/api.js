// Asks the process, and tells it what to do. All paths are relative to the page.
import { computed, signal } from "@preact/signals";

export class ApiError extends Error {
	/** @param {number} status @param {{code: string, message: string, field: string | null}} error */
	constructor(status, { code, message, field }) {
		super(message);
		this.status = status;
		this.code = code;
		this.field = field;
	}
}

/** Who we are: the role is null before a log-in; and why the last log-in failed. */
export const session = signal({ role: /** @type {string | null} */ (null), auth: "auto", login: null, replay: false, version: "", known: false, why: "" });
export const role = computed(() => session.value.role);

export const maySteer = () => role.value === "operator" && !session.value.replay;

/** The log-in is needed, again. */
export const loseRole = () => {
	session.value = { ...session.value, role: null, why: "" };
};

/** @param {string} path @param {RequestInit} [init] */
async function ask(path, init = {}) {
	let answer;
	try {
		answer = await fetch(path, { credentials: "same-origin", ...init });
	} catch {
		throw new ApiError(0, { code: "unreachable", message: "The process that serves this page does not answer.", field: null });
	}
	const body = answer.status === 204 ? null : await answer.json().catch(() => null);
	if (!answer.ok) {
		if (answer.status === 401 && path !== "api/v1/session") loseRole();
		throw new ApiError(answer.status, body?.error ?? { code: "internal", message: `The answer was ${answer.status}.`, field: null });
	}
	return body;
}

/** @param {string} path below api/v1/ @param {Record<string, string | number>} [query] */
export const get = (path, query = {}) => {
	const text = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)])).toString();
	return ask(`api/v1/${path}${text ? `?${text}` : ""}`);
};

/** @type {Fn.post} */
const post = (path, body, headers = {}) => ask(`api/v1/${path}`, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) });

/** Post a command; the same one is never carried out twice. @param {string} path @param {object} [body] */
export const command = (path, body = {}) => post(path, body, { "Idempotency-Key": key() });

function key() {
	return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function whoAmI() {
	session.value = { ...session.value, ...(await get("session")), known: true };
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
	await post("session", { token }).then(
		(who) => (session.value = { ...who, known: true, why: "" }),
		({ message }) => (session.value = { ...session.value, why: message }),
	);
}
