// How many users, how fast, and which, while the run goes on.
import { useEffect, useState } from "preact/hooks";
import { get } from "../api.js";
import { count } from "../format.js";
import { off } from "../steer.js";
import { html, useFresh, valueOf } from "../ui.js";

/** What the last change of this run can be taken back to. @type {Fn.undoOf} */
export function undoOf(events) {
	const last = events.findLast(({ action, outcome }) => outcome === "done" && (action === "load" || action === "start"));
	return last?.action === "load" ? last.before : null;
}

/** @type {Fn.LoadControl} */
export function LoadControl({ run: { run: { value: run }, events, draft }, onApply, compact = false }) {
	const [edited, setEdited] = useState(/** @type {any} */ ({}));
	const [asked, setAsked] = useState(false);
	const [error, setError] = useState("");
	// What is written stays so: an empty field is no number.
	const { users, rate } = { users: run.target, rate: run.rate, ...edited };
	const names = Object.keys(run.target_classes ?? {});
	const { value: setup } = useFresh(() => (compact ? Promise.resolve() : get("setup")), [], false);
	const mix = edited.mix ?? Object.fromEntries((setup?.classes ?? []).map((/** @type {any} */ each) => [each.name, each.weight]));
	const most = run.max_users ?? Infinity;
	const top = Math.min(most, Math.max(100, 2 * run.target, Number(users)));
	const isEdited = Object.keys(edited).length > 0;
	const undo = undoOf(events.value);
	useEffect(() => {
		draft.value = isEdited && users !== "" ? { users: Number(users), rate: Number(rate) } : null;
		return () => {
			draft.value = null;
		};
	}, [isEdited, users, rate]);

	const send = async (/** @type {any} */ load, sure = false) => {
		const wanted = Number(load.users ?? users);
		if ((wanted > 2 * Math.max(run.target, 1) || (!wanted && run.target)) && !sure) {
			setEdited(load);
			setAsked(true);
			return;
		}
		setAsked(false);
		try {
			await onApply({ ...load, users: wanted, rate: Number(load.rate ?? rate), ...(load.mix && { mix: Object.fromEntries(names.map((name) => [name, Number(load.mix[name])])) }) });
			setEdited({});
			setError("");
		} catch (failure) {
			setError(/** @type {Error} */ (failure).message);
		}
	};
	const edit = (/** @type {any} */ load) => {
		setAsked(false);
		setError("");
		setEdited(load);
	};
	const set = (/** @type {string} */ key) => (/** @type {Event} */ event) => edit({ ...edited, [key]: valueOf(event) });
	if (run.shape) return html`<section class="card"><h2>Load</h2><p>The shape ${run.shape} decides on the users.</p></section>`;
	return html`<form class="card load" aria-label="Load" onSubmit=${(event) => (event.preventDefault(), send(edited, asked))}>
		<h2>Load</h2>
		<label>Users <output>${users === "" ? "–" : count(Number(users))}</output><input type="range" min="0" max=${top} value=${Number(users)} onInput=${set("users")} data-focus /></label>
		<div class="row">
			<label>exactly <input type="number" min="0" max=${most < Infinity ? most : undefined} step="1" value=${users} onInput=${set("users")} required /></label>
			<label>users/s <input type="number" min="0.01" step="any" value=${rate} onInput=${set("rate")} required /></label>
		</div>
		${most < Infinity && html`<small>${count(most)} users at most are allowed here.</small>`}
		${setup && names.length > 1 && html`<fieldset><legend>Mix (weights)</legend>${names.map((name) => html`<label key=${name}>${name} <input type="number" min="0" step="any" required value=${mix[name]}
			onInput=${(event) => edit({ ...edited, mix: { ...mix, [name]: valueOf(event) } })} /></label>`)}</fieldset>`}
		<p role="status">${asked ? `That ${Number(users) ? `is more than twice ${count(run.target)}` : `stops all ${count(run.target)}`} users. Apply again to do it.` : error}</p>
		<div class="row"><button type="submit" class=${asked ? "danger" : "primary"} ...${off.value}>${asked ? "Apply all the same" : "Apply"}</button>
			${isEdited && html`<button type="button" onClick=${() => edit({})}>Cancel</button>`}
			${!isEdited && run.state === "spawning" && html`<button type="button" title=${`stay at ${count(run.users)} users`} ...${off.value} onClick=${() => send({ users: run.users })}>Hold</button>`}
			${!isEdited && undo && html`<button type="button" title=${`back to ${count(undo.users)} users at ${undo.rate}/s`} ...${off.value} onClick=${() => send(undo)}>Undo</button>`}</div>
	</form>`;
}
