// How many users, how fast, and which: applied while the run goes on, with a question before more than doubling.
import { useState } from "preact/hooks";
import { count } from "../format.js";
import { html } from "../ui.js";

/**
 * @typedef {object} Load
 * @property {number} users
 * @property {number} rate
 * @property {Record<string, number>} [mix]
 */

/** @param {{run: any, onApply: (load: Load) => Promise<void>, compact?: boolean}} props `run` is what the server says of the run */
export function LoadControl({ run, onApply, compact = false }) {
  const [edited, setEdited] = useState(/** @type {{users?: number, rate?: number, mix?: Record<string, number>}} */ ({}));
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState("");
  const users = edited.users ?? run.target;
  const rate = edited.rate ?? run.rate;
  const names = Object.keys(run.target_classes ?? {});
  const mix = edited.mix ?? run.target_classes ?? {};
  const top = Math.max(100, 2 * run.target, users);
  const shaped = Boolean(run.shape);
  const big = users > 2 * Math.max(run.target, 1);

  const apply = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (big && !asked) {
      setAsked(true);
      return;
    }
    setAsked(false);
    try {
      await onApply({ users, rate, ...(edited.mix && { mix: edited.mix }) });
      setEdited({});
      setError("");
    } catch (failure) {
      setError(/** @type {Error} */ (failure).message);
    }
  };
  const set = (/** @type {string} */ key) => (/** @type {Event} */ event) => {
    const value = Number(/** @type {HTMLInputElement} */ (event.currentTarget).value);
    setAsked(false);
    setEdited({ ...edited, [key]: value });
  };
  if (shaped) return html`<section class="card"><h2>Load</h2><p>The shape ${run.shape} decides on the users.</p></section>`;
  return html`<form class="card load" aria-label="Load" onSubmit=${apply}>
    <h2>Load</h2>
    <label>Users <output>${count(users)}</output><input type="range" min="0" max=${top} value=${users} onInput=${set("users")} data-focus /></label>
    <div class="row">
      <label>exactly <input type="number" min="0" step="1" value=${users} onInput=${set("users")} required /></label>
      <label>users/s <input type="number" min="0.01" step="any" value=${rate} onInput=${set("rate")} required /></label>
    </div>
    ${!compact && names.length > 1 && html`<fieldset><legend>Mix (weights)</legend>${names.map((name) => html`<label key=${name}>${name} <input type="number" min="0" step="any" value=${mix[name]}
      onInput=${(/** @type {Event} */ event) => setEdited({ ...edited, mix: { ...mix, [name]: Number(/** @type {HTMLInputElement} */ (event.currentTarget).value) } })} /></label>`)}</fieldset>`}
    <p role="status">${asked ? `That is more than twice ${count(run.target)} users. Apply again to do it.` : error}</p>
    <button type="submit" class=${asked ? "danger" : "primary"}>${asked ? "Apply all the same" : "Apply"}</button>
  </form>`;
}
