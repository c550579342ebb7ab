// Latency over time: a column a step, a row a bucket of the histogram, the colour the number of requests (log).
// Only new columns are drawn; the rest is a picture that is moved.
import { useEffect, useRef, useState } from "preact/hooks";
import { clock, count, ms, percent } from "../format.js";
import { html } from "../ui.js";

/** @typedef {import("../run.js").Heat} Heat */

const HEIGHT = 150;
const LEFT = 56;
const RIGHT = 24; // both as the charts have it

/** @param {Heat} heat @param {number} from @param {number} to @returns {{low: number, high: number, most: number}} buckets in use, and the largest count */
export function extent(heat, from, to) {
  let low = Infinity;
  let high = -1;
  let most = 0;
  heat.columns.forEach((column, k) => {
    if (heat.time[k] < from || heat.time[k] > to) return;
    for (let n = 0; n < column.length; n += 2) {
      if (column[n] < low) low = column[n];
      if (column[n] > high) high = column[n];
      if (column[n + 1] > most) most = column[n + 1];
    }
  });
  return high < 0 ? { low: 0, high: 0, most: 0 } : { low: Math.max(0, low - 1), high: Math.min(heat.bounds.length - 2, high + 1), most };
}

/** Counts of a column by bucket. @param {number[]} column @param {number} bucket */
export function readColumn(column, bucket) {
  let all = 0;
  let here = 0;
  let upTo = 0;
  for (let n = 0; n < column.length; n += 2) {
    all += column[n + 1];
    if (column[n] === bucket) here = column[n + 1];
    if (column[n] <= bucket) upTo += column[n + 1];
  }
  return { all, here, upTo };
}

/** @param {{title: string, heat: Heat | null, from: number, to: number, tick: number, theme: string}} props */
export function Heatmap({ title, heat, from, to, tick, theme }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const painter = useRef(/** @type {Painter | null} */ (null));
  const [spot, setSpot] = useState(/** @type {string} */ (""));
  const drawn = heat && heat.columns.length > 0 ? heat : null;

  useEffect(() => {
    const at = canvas.current;
    if (!at || !drawn) return;
    painter.current ??= new Painter(at);
    painter.current.paint(drawn, from, to, theme);
  }, [tick, from, to, theme, drawn]);

  const read = (/** @type {MouseEvent} */ event) => {
    if (!drawn || !canvas.current || !painter.current) return;
    const { left, top } = canvas.current.getBoundingClientRect();
    setSpot(painter.current.describe(drawn, event.clientX - left, event.clientY - top));
  };
  const { high, low, most } = drawn ? extent(drawn, from, to) : { high: 0, low: 0, most: 0 };
  const label = drawn
    ? `${title}: from ${ms(drawn.bounds[low])} to ${ms(drawn.bounds[high + 1])}, up to ${count(most)} requests in one cell`
    : `${title}: no requests yet`;
  return html`<figure class="card heatmap">
    <figcaption>${title} <small>(colour is the number of requests)</small></figcaption>
    <canvas ref=${canvas} height=${HEIGHT} role="img" aria-label=${label} onMouseMove=${read} onMouseLeave=${() => setSpot("")}></canvas>
    <p class="hint">${spot || (drawn ? "Point at a cell for its count." : "No requests yet.")}</p>
  </figure>`;
}

class Painter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.picture = document.createElement("canvas");
    this.known = "";
    this.painted = { from: 0, to: 0, last: -Infinity };
    this.low = 0;
    this.high = 1;
    this.from = 0;
    this.to = 1;
    this.most = 1;
  }

  /** @param {Heat} heat @param {number} from @param {number} to @param {string} theme */
  paint(heat, from, to, theme) {
    const ratio = devicePixelRatio || 1;
    const width = this.canvas.clientWidth || 600;
    if (this.canvas.width !== Math.round(width * ratio)) this.canvas.width = Math.round(width * ratio);
    if (this.canvas.height !== HEIGHT * ratio) this.canvas.height = HEIGHT * ratio;
    const area = Math.max(1, Math.round((width - LEFT - RIGHT) * ratio));
    const { low, high, most } = extent(heat, from, to);
    const ceiling = 2 ** Math.ceil(Math.log2(Math.max(most, 1)));
    const key = [theme, area, low, high, ceiling, Math.round(to - from), heat.bounds.length].join();
    const scale = area / (to - from || 1);
    const shift = Math.round((from - this.painted.from) * scale);
    const pen = /** @type {CanvasRenderingContext2D} */ (this.picture.getContext("2d"));
    Object.assign(this, { low, high, from, to, most: ceiling });
    if (key !== this.known || shift < 0 || shift > area / 2 || heat.time.length === 0) {
      this.picture.width = area;
      this.picture.height = HEIGHT * ratio;
      this.known = key;
      this.painted = { from, to, last: -Infinity };
    } else if (shift > 0) {
      pen.globalCompositeOperation = "copy";
      pen.drawImage(this.picture, -shift, 0);
      pen.globalCompositeOperation = "source-over";
      this.painted.from += shift / scale;
    }
    this.#columns(pen, heat, scale);
    const out = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    out.clearRect(0, 0, this.canvas.width, this.canvas.height);
    out.drawImage(this.picture, LEFT * ratio, 0);
    this.#axis(out, heat, ratio);
  }

  /** @param {CanvasRenderingContext2D} pen @param {Heat} heat @param {number} scale */
  #columns(pen, heat, scale) {
    const ramp = RAMPS[document.documentElement.dataset.theme === "dark" ? "dark" : "light"];
    const rows = this.high - this.low + 1;
    const tall = this.picture.height / rows;
    const again = this.painted.last - 10; // a second's column may come again with late reports
    let first = heat.time.length;
    while (first > 0 && heat.time[first - 1] >= Math.max(again, this.painted.from)) first--;
    for (let k = first; k < heat.time.length; k++) {
      const t = heat.time[k];
      const next = heat.time[k + 1] ?? t + heat.step;
      const x = Math.floor((t - this.painted.from) * scale);
      const wide = Math.max(1, Math.ceil((Math.min(next, t + Math.max(heat.step, next - t)) - t) * scale));
      pen.clearRect(x, 0, wide, this.picture.height);
      const column = heat.columns[k];
      for (let n = 0; n < column.length; n += 2) {
        const row = column[n] - this.low;
        pen.fillStyle = ramp[Math.min(ramp.length - 1, Math.round((Math.log2(column[n + 1] + 1) / Math.log2(this.most + 1)) * (ramp.length - 1)))];
        pen.fillRect(x, this.picture.height - (row + 1) * tall, wide, Math.ceil(tall));
      }
      this.painted.last = Math.max(this.painted.last, t);
    }
  }

  /** @param {CanvasRenderingContext2D} out @param {Heat} heat @param {number} ratio */
  #axis(out, heat, ratio) {
    const rows = this.high - this.low + 1;
    out.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--quiet");
    out.font = `${11 * ratio}px system-ui, sans-serif`;
    out.textAlign = "right";
    const every = Math.max(1, Math.ceil(rows / 6));
    for (let row = 0; row < rows; row += every) {
      const y = HEIGHT * ratio * (1 - row / rows);
      out.fillText(ms(heat.bounds[this.low + row]), (LEFT - 6) * ratio, Math.max(10 * ratio, Math.min(y, HEIGHT * ratio - 2)));
    }
  }

  /** @param {Heat} heat @param {number} x @param {number} y */
  describe(heat, x, y) {
    const t = this.from + ((x - LEFT) / (this.canvas.clientWidth - LEFT - RIGHT)) * (this.to - this.from);
    let k = heat.time.length - 1;
    while (k > 0 && heat.time[k] > t) k--;
    if (x < LEFT || k < 0 || heat.time[k] > t) return "";
    const bucket = this.low + Math.floor((1 - y / HEIGHT) * (this.high - this.low + 1));
    const { all, here, upTo } = readColumn(heat.columns[k], bucket);
    return `${clock(heat.time[k])}: ${count(here)} of ${count(all)} requests took ${ms(heat.bounds[bucket])} to ${ms(heat.bounds[bucket + 1])} (${percent(here, all)}; ${percent(upTo, all)} took no longer)`;
  }
}

/** @param {number[][]} stops */
function ramp(stops) {
  return Array.from({ length: 32 }, (_, k) => {
    const at = (k / 31) * (stops.length - 1);
    const [a, b] = [stops[Math.floor(at)], stops[Math.ceil(at)]];
    return `rgb(${a.map((value, n) => Math.round(value + (b[n] - value) * (at % 1))).join()})`;
  });
}

const RAMPS = {
  light: ramp([[222, 235, 250], [122, 171, 226], [37, 99, 201], [14, 33, 96]]),
  dark: ramp([[24, 44, 82], [37, 99, 201], [110, 180, 245], [240, 248, 255]]),
};
