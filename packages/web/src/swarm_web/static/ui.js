// How the page is made and looks: elements from tagged templates (all text goes in as text
// nodes), the theme, dialogs.
import { effect, signal } from "@preact/signals";
import { h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import htm from "htm";

export const html = htm.bind(h);

/** A class list from names and conditions. @param {...(string | false | null | undefined)} names */
export const classes = (...names) => names.filter(Boolean).join(" ");

// -- light, dark, or as the system has it ------------------------------------------------------------------------

const THEMES = ["system", "light", "dark"];
const dark = matchMedia("(prefers-color-scheme: dark)");

const stored = (() => {
  try {
    return localStorage.getItem("swarm-theme");
  } catch {
    return null; // a report from disk may have no storage
  }
})();

/** What was chosen. */
export const theme = signal(stored && THEMES.includes(stored) ? stored : "system");
/** What is shown: "light" or "dark". */
export const shown = signal("light");

const apply = () => {
  shown.value = theme.value === "system" ? (dark.matches ? "dark" : "light") : theme.value;
  document.documentElement.dataset.theme = shown.value;
};
effect(apply);
dark.addEventListener("change", apply);

export function nextTheme() {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
  try {
    localStorage.setItem("swarm-theme", theme.value);
  } catch {
    // it lasts as long as the page
  }
}

// -- a modal dialog on the browser's own element, which keeps the focus and closes on Escape --------------------------

/** @param {{title: string, onClose: () => void, children?: any, wide?: boolean}} props */
export function Dialog({ title, onClose, children, wide = false }) {
  const element = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    const dialog = /** @type {HTMLDialogElement} */ (element.current);
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    dialog.showModal();
    /** @type {HTMLElement | null} */ (dialog.querySelector("[data-focus]"))?.focus();
    return () => before?.focus?.();
  }, []);
  return html`<dialog ref=${element} class=${wide ? "wide" : ""} aria-label=${title} onClose=${onClose}
    onCancel=${(/** @type {Event} */ event) => { event.preventDefault(); onClose(); }}>
    <header><h2>${title}</h2><button type="button" class="quiet" onClick=${onClose} aria-label="Close">✕</button></header>
    ${children}
  </dialog>`;
}
