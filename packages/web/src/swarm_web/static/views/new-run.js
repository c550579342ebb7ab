// What to run, what the load will look like, and whether all is ready.
import { useEffect, useState } from "preact/hooks";
import { get, maySteer } from "../api.js";
import { duration, percent } from "../format.js";
import { go } from "../router.js";
import { ask, may, off } from "../steer.js";
import { html, toggled, valueOf } from "../ui.js";
import { Chart } from "../widgets/chart.js";

const TIME = { show: duration, tick: duration, time: true };
/** A number that may not be left out. */
const NUMBER = { type: "number", step: "any", required: true };
const PREVIEW = [{ key: "users", label: "users", color: 1 }];

/** Seconds of 90, 1h30m or 20 m; null of nothing, NaN of what is none. @param {string} text */
export function seconds(text) {
	const plain = text.replace(/\s+/g, "");
	if (!plain) return null;
	if (/^\d+(\.\d+)?$/.test(plain)) return Number(plain);
	const parts = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(plain);
	return parts ? Number(parts[1] ?? 0) * 3600 + Number(parts[2] ?? 0) * 60 + Number(parts[3] ?? 0) : NaN;
}

/** @type {Fn.planned} */
export function planned(users, rate, time) {
	const ramp = users / (rate || 1);
	const end = time ?? Math.max(60, ramp * 1.5);
	const at = [...new Set([0, Math.min(ramp, end), end])];
	return { time: at, users: at.map((t) => Math.min(users, Math.round(t * rate))) };
}

/** @type {Fn.View} */
export function NewRun({ run }) {
	const [setup, setSetup] = useState(/** @type {Setup | null} */ (null));
	const [form, setForm] = useState(/** @type {any} */ (null));
	const [error, setError] = useState({ message: "", field: "" });
	const { there } = run.run.value.workers;
	const { state } = run.run.value;
	useEffect(() => {
		get("setup").then((value) => {
			setSetup(value);
			setForm((/** @type {any} */ before) => before ?? initial(value));
		}).catch(setError);
	}, [there, state]);
	if (!setup || !form) return html`<h1>New run</h1><p class="empty">${error.message || "Loading…"}</p>`;

	const time = seconds(form.run_time);
	const edit = (/** @type {object} */ change) => setForm({ ...form, ...change });
	const set = (/** @type {string} */ key) => (/** @type {Event} */ event) => edit({ [key]: valueOf(event) });
	const start = async () => {
		await ask("Start", "run", body(form, setup));
		go("live");
	};
	const series = planned(Number(form.users) || 0, Number(form.rate) || 0, Number.isNaN(time) ? null : time);
	const end = series.time.at(-1) ?? 60;
	return html`<h1>New run</h1>
		<form class="new" onSubmit=${(event) => (event.preventDefault(), start().catch(setError))} aria-describedby="problem">
			<div class="card fields">
				${setup.shapes.length > 0 && html`<label>Shape <select value=${form.shape} onChange=${set("shape")}><option value="">none: a number of users</option>${setup.shapes.map((each) => html`<option key=${each.name} value=${each.name}>${each.name}</option>`)}</select></label>`}
				${[
					...(form.shape ? [] : [["Users", "users", "how many at the peak", { ...NUMBER, min: 0, step: 1 }], ["Spawn rate", "rate", "users started each second", { ...NUMBER, min: 0.01 }]]),
					["Run time", "run_time", Number.isNaN(time) ? "write it as 300, 20m or 1h30m" : time ? duration(time) : "empty: until it is stopped"],
					["Host", "host", "base address of what is tested"],
					["Profile", "profile", "a label of this run"],
				].map(([label, name, hint, more]) => html`<${Field} key=${name} label=${label} name=${name} hint=${hint} form=${form} set=${set} error=${error} ...${more} />`)}
			</div>
			${!form.shape && html`<${Chart} title="The load to come" unit="users" lines=${PREVIEW} series=${series} from=${0} to=${end} x=${TIME} tick=${end + Number(form.users) * 7 + Number(form.rate) * 13} group="" />`}
			<${UserClasses} setup=${setup} form=${form} edit=${edit} />
			${setup.options.length > 0 && html`<fieldset class="card"><legend>Options of the locustfile</legend>${setup.options.map((option) => html`<${Option} key=${option.name} option=${option} value=${form.options[option.name]}
				set=${(value) => edit({ options: { ...form.options, [option.name]: value } })} />`)}</fieldset>`}
			<section class="card" aria-label="Before the start"><h2>Before the start</h2><ul class="checks">${setup.preflight.map((each) => html`<li key=${each.check} class=${each.ok ? "good" : "warn"}><span aria-hidden="true">${each.ok ? "✓" : "!"}</span> ${each.text}</li>`)}</ul></section>
			<p id="problem" class=${error.message ? "notice warn" : ""} role="status">${error.message}</p>
			<button type="submit" class="primary" disabled=${!may("start")} ...${off.value}>Start</button>
			${maySteer() && !may("start") && html` <span>A run that is ${state} cannot be started anew; stop it first.</span>`}
		</form>`;
}

/** @param {Setup} setup */
function initial({ defaults, classes, shapes, options }) {
	return {
		users: defaults.users, rate: defaults.rate, run_time: defaults.run_time == null ? "" : String(defaults.run_time), host: defaults.host ?? "", profile: defaults.profile ?? "",
		shape: shapes.find((each) => each.chosen)?.name ?? "",
		chosen: classes.filter((each) => each.chosen).map((each) => each.name),
		mix: Object.fromEntries(classes.map((each) => [each.name, each.weight])), mixed: false,
		options: Object.fromEntries(options.filter((each) => !each.secret).map((each) => [each.name, each.value])),
	};
}

/** @param {any} form @param {Setup} setup */
function body(form, setup) {
	const time = seconds(form.run_time);
	if (Number.isNaN(time)) throw Object.assign(new Error("The run time is a number of seconds, or like 20m or 1h30m."), { field: "run_time" });
	return {
		run_time: time, host: form.host || null, profile: form.profile || null, options: form.options,
		...(form.shape ? { shape: form.shape } : { users: Number(form.users), rate: Number(form.rate), ...(setup.shapes.length && { shape: null }) }),
		...(setup.class_picker && { classes: form.chosen }),
		...(form.mixed && { mix: Object.fromEntries(form.chosen.map((/** @type {string} */ name) => [name, Number(form.mix[name])])) }),
	};
}

/** @param {any} props */
function Field({ label, name, hint, form, set, error, ...more }) {
	const wrong = error.field === name;
	return html`<div class="field"><label for=${`field-${name}`}>${label}</label>
		<input id=${`field-${name}`} name=${name} value=${form[name]} onInput=${set(name)} aria-invalid=${wrong} aria-describedby=${`hint-${name}`} ...${more} />
		<small id=${`hint-${name}`}>${wrong ? error.message : hint}</small></div>`;
}

/** Tasks, and tasks in them. @param {any} tasks @returns {any} */
const tree = (tasks) => html`<ul class="tree">${Object.entries(tasks).map(([name, { ratio, tasks: inner }]) => html`<li>${name} ${percent(ratio, 1)}${inner && tree(inner)}</li>`)}</ul>`;

/** @type {Fn.UserClasses} */
function UserClasses({ setup, form, edit }) {
	/** @type {Set<string>} */
	const chosen = new Set(form.chosen);
	return html`<div class="card scroll" role="region" tabindex="0" aria-label="User classes"><table class="plain"><caption>User classes</caption>
		<thead><tr>${setup.class_picker && html`<th scope="col">runs</th>`}<th scope="col">class</th><th scope="col" class="number">weight</th><th scope="col" class="number">fixed</th></tr></thead>
		<tbody>${setup.classes.map((each) => html`<tr key=${each.name}>
			${setup.class_picker && html`<td><input type="checkbox" aria-label=${`run ${each.name}`} checked=${chosen.has(each.name)} onChange=${() => edit({ chosen: [...toggled(chosen, each.name)] })} /></td>`}
			<th scope="row"><bdi title=${each.doc}>${each.name}</bdi></th>
			<td class="number"><input ...${NUMBER} min="0" aria-label=${`weight of ${each.name}`} value=${form.mix[each.name]} onInput=${(event) => edit({ mixed: true, mix: { ...form.mix, [each.name]: valueOf(event) } })} /></td>
			<td class="number">${each.fixed_count || "–"}</td></tr>
			<tr>${setup.class_picker && html`<td></td>`}<td colspan="3" class="text">${tree(each.tasks)}</td></tr>`)}</tbody></table>
		${setup.classes.some((each) => each.weight_in_file != null && Number(form.mix[each.name]) !== each.weight_in_file) && html`<button type="button" onClick=${() => edit({ mixed: true, mix: Object.fromEntries(setup.classes.map((each) => [each.name, each.weight_in_file])) })}>Weights as in the file</button>`}</div>`;
}

/** @param {any} props */
function Option({ option, value, set }) {
	const { name, label, help, type, choices, multiple, required, secret, is_set: isSet } = option;
	const id = `option-${name}`;
	const about = { id, name, "aria-describedby": `hint-${id}` };
	const number = type === "integer" || type === "number";
	let input;
	if (type === "boolean") input = html`<input type="checkbox" ...${about} checked=${Boolean(value)} onChange=${() => set(!value)} />`;
	else if (type === "choice") {
		const chosen = multiple ? (value ?? []) : [value];
		const choose = (/** @type {Event} */ event) => set(multiple ? [...(/** @type {HTMLSelectElement} */ (event.currentTarget).selectedOptions)].map((each) => each.value) : valueOf(event));
		input = html`<select ...${about} multiple=${multiple} onChange=${choose}>${choices.map((/** @type {any} */ each) => html`<option key=${each} value=${each} selected=${chosen.includes(each)}>${String(each)}</option>`)}</select>`;
	} else {
		const take = (/** @type {Event} */ event) => set(!number ? valueOf(event) : valueOf(event) === "" ? null : Number(valueOf(event)));
		input = html`<input ...${about} type=${secret ? "password" : number ? "number" : "text"} autocomplete="off" step=${type === "integer" ? "1" : "any"} required=${required && !isSet} value=${value ?? ""} onInput=${take} />`;
	}
	const hint = [help, secret && (isSet ? "set; empty keeps it" : "not set")].filter(Boolean).join(" – ");
	return html`<div class="field"><label for=${id}>${label}</label>${input}<small id=${`hint-${id}`}>${hint}</small></div>`;
}
