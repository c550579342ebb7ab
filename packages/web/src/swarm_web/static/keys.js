// One key for each thing, all of them off with a switch. Not while somebody writes.
import { signal } from "@preact/signals";
import { freeze, run } from "./live.js";
import { go, kept, setParams, stepRange } from "./router.js";
import { dialog, may, pause } from "./steer.js";
import { maySteer } from "./api.js";
import { nextTheme } from "./ui.js";
import { keyboard, selected } from "./views/endpoints.js";

/** Whether keys do anything. */
export const keysOn = signal(true);

const PAGES = /** @type {Record<string, string>} */ ({ n: "new", l: "live", e: "endpoints", r: "errors", w: "workers", o: "logs", p: "report", x: "extensions" });

const move = (/** @type {number} */ by) => {
  selected.value = Math.max(0, Math.min(keyboard.count - 1, (selected.value ?? -1) + by));
};

/** @type {Record<string, {does: string, act: (event: KeyboardEvent) => void}>} */
export const KEYS = {
  "?": { does: "this help", act: () => (dialog.value = "help") },
  g: { does: "go to a page: then n new run, l live, e endpoints, r errors, w workers, o logs, p report, x extensions", act: () => (waiting = true) },
  "/": { does: "filter", act: () => document.getElementById("filter")?.focus() },
  j: { does: "next row", act: () => move(1) },
  k: { does: "row before", act: () => move(-1) },
  Enter: { does: "open the row", act: () => keyboard.open() },
  Escape: { does: "close", act: () => setParams({ open: null }) },
  p: { does: "pin the row", act: () => keyboard.pin() },
  "[": { does: "shorter time range", act: () => stepRange(run, -1) },
  "]": { does: "longer time range", act: () => stepRange(run, 1) },
  0: { does: "all of the run", act: () => setParams({ range: "all" }) },
  f: { does: "freeze the display, not the load", act: freeze },
  a: { does: "adjust the load", act: () => maySteer() && may("load") && (dialog.value = "load") },
  h: { does: "hold or go on (pause)", act: () => maySteer() && pause() },
  x: { does: "stop the run", act: () => maySteer() && may("stop") && (dialog.value = "stop") },
  t: { does: "light, dark or the system's theme", act: nextTheme },
};

let waiting = false;

/** @param {KeyboardEvent} event */
function onKey(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (!keysOn.value || event.ctrlKey || event.metaKey || event.altKey || dialog.value) return;
  if (target.matches("input, select, textarea, [contenteditable]")) {
    if (event.key === "Escape") target.blur();
    return;
  }
  if (event.key === "Enter" && (target.matches("a, button, summary") || selected.value == null)) return;
  if (waiting) {
    waiting = false;
    const page = PAGES[event.key];
    if (page) go(page, kept());
    return;
  }
  const key = KEYS[event.key];
  if (!key) return;
  event.preventDefault();
  key.act(event);
}

export const listen = () => document.addEventListener("keydown", onKey);
