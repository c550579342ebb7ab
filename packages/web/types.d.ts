// What the browser's modules hand to each other. It is for the type checker: no browser gets it.

type Run = import("./src/swarm_web/static/run.js").Run;
/** Each key is a column; all are equally long. */
type Columns = Record<string, any[]>;
type Series = Record<string, number[]>;

/** `bounds` are the buckets' edges (ms); a column is bucket, count, bucket, count… */
interface Heat {
  bounds: number[];
  step: number;
  time: number[];
  columns: number[][];
  /** From when on a column lasts how long (s), the oldest first. */
  steps?: [number, number][];
}

/** What a view may ask for. */
interface Source {
  series: (method: string, name: string) => Promise<Series & { step: number }>;
  /** Null where there is none; `of` is "service" or "intent". */
  heatmap: (method: string, name: string, of?: string) => Promise<Heat | null>;
  /** Exact; of the whole run without a name, null where there are none. */
  percentiles: (method: string, name: string, of: string) => Promise<Distribution | null>;
  errors: () => Promise<Errors>;
}

/** Latencies (ms) that a fraction of requests did not exceed. */
interface Distribution {
  count: number;
  fractions: number[];
  ms: number[];
}

type Signal<T> = import("@preact/signals").Signal<T>;
type Params = Record<string, string | null | undefined>;

interface Route {
  page: string;
  params: Record<string, string>;
}

/** A line of a tree of names; one without a position is a folder. */
interface TreeLine {
  depth: number;
  label: string;
  position?: number;
  path?: string;
  /** How many there are below. */
  names?: number;
  sums?: Record<string, number | null>;
}

interface ChartLine {
  /** The series' column. */
  key: string;
  label: string;
  /** The number of its custom property, `--series-…`. */
  color: number;
  dash?: number[];
  /** Whether the chart's `draw` draws it. */
  bare?: boolean;
}

interface Mark {
  time: number;
  text: string;
  kind: string;
}

/** What lies along a chart's x axis, when it is not time. */
interface Across {
  show: (value: number, k: number) => string;
  tick: (value: number) => string;
  /** Whether it is split as time is. */
  time?: boolean;
  splits?: number[];
}

/** Ten seconds of a run: when, requests a second, and p95 (ms). */
interface Dot {
  at: number;
  rps: number;
  p95: number;
  n: number;
}

/** Where one points at in a heat map, with the keyboard or not. */
interface Spot {
  t: number;
  bucket: number;
  keyed?: boolean;
}

interface Load {
  users: number;
  rate: number;
  mix?: Record<string, number>;
}

/** What a new run may choose: `GET setup`. */
interface Setup {
  classes: any[];
  shapes: any[];
  options: any[];
  defaults: any;
  preflight: any[];
  class_picker: boolean;
}

/** What failed: `GET errors`. */
interface Errors {
  failures: any[];
  exceptions: any[];
  more: { kinds: number; occurrences: number };
}

interface Column {
  key: string;
  label: string;
  /** What it is, for those who point at it. */
  hint?: string;
  /** Whether it is text; figures stand on the right. */
  text?: boolean;
  /** Whether it cannot be sorted by. */
  fixed?: boolean;
  cell: (position: number) => any;
}

/** Functions and parts of the page whose signature is long. */
declare namespace Fn {
  /** What may stand in a template; the parameters of a function there are the browser's or a part's own. */
  type Value = ((...args: any[]) => any) | string | number | boolean | bigint | symbol | object | null | undefined;
  type html = (strings: TemplateStringsArray, ...values: Value[]) => any;

  // router.js
  type range = (run: Run) => { from: number, to: number, name: string };
  // run.js
  type foldOne = (key: string, values: (number | null)[]) => any;
  type since = (series: Series, from: number) => Series;
  // table.js
  /** Returns -1 when it is not there. */
  type find = (method: string, name: string) => number;
  type comparison = (columns: Columns, sort: string) => (a: number, b: number) => number;
  type failingFirst = (columns: Columns) => (a: number, b: number) => number;
  /** `order`: positions `open`: paths */
  type treeLines = (columns: Columns, order: number[], open: Set<string>) => TreeLine[];
  // ui.js
  type Dialog = (props: { title: string, onClose: () => void, children?: any, wide?: boolean }) => any;
  // views/endpoints.js
  /** `all` shows all rows, whatever the address says */
  type Endpoints = (props: { run: Run, all?: boolean }) => any;
  type tableColumns = (run: Run, lines: any[], unfolded: Set<string>, act: (line: any) => void) => Column[];
  // views/logs.js
  /** `first` is how many lines are gone */
  type Lines = (props: { lines: any[], first: number, top: number, height: number, onMeasured: () => void }) => any;
  // views/report.js
  /** `all` shows all rows */
  type Contents = (props: { run: Run, all?: boolean }) => any;
  type Report = (props: { run: Run, extra?: { href: string, title: string }[] }) => any;
  // widgets/chart.js
  /** `stepped`: a value holds from the point before on; `last` is the row that is told of when there is no cursor; `draw` draws more */
  type Chart = (props: { title: string, unit: string, lines: ChartLine[], series: Record<string, any[]>, from: number, to: number, marks?: Mark[], tick: any, group?: string, x?: Across, stepped?: boolean, note?: string, last?: number, draw?: (plot: any) => void, onZoom?: (from: number, to: number) => void }) => any;
  type Rows = (props: { title: string, unit: string, lines: ChartLine[], series: Record<string, any[]>, when: (t: number, k: number) => string, across?: string }) => any;
  /** What uPlot calls back. */
  type plotOptions = (parts: { lines: ChartLine[], [part: string]: any }) => {
    scales: { x: object, y: { range: (plot: any, low: number, high: number) => [number, number] } },
    axes: { splits?: (plot: any) => number[], values: (plot: any, splits: number[]) => string[], [more: string]: unknown }[],
    hooks: Record<string, ((plot: any) => unknown)[]>,
    [more: string]: unknown,
  };
  // widgets/curve.js
  /** Returns `from` and `to` are the columns' edges. */
  type readSpan = (heat: Heat, a: number, b: number) => Distribution & { off: number, from: number, to: number };
  /** Returns null when there are too few requests to tell. */
  type quantile = (of: Distribution, fraction: number) => number | null;
  type points = (of: Distribution) => [number[], number[]];
  type Percentiles = (props: { title: string, note?: string, service: Distribution, intent?: Distribution | null, stepped?: boolean, onClose?: () => void }) => any;
  type PercentilesOf = (props: { run: Run, method?: string, name?: string, late: boolean }) => any;
  /** A line is its key, its x, its y. */
  type beside = (lines: [string, number[], any[]][] | any[][]) => Record<string, any[]>;
  type lasts = (heat: Pick<Heat, "time" | "step" | "steps">, k: number) => number;
  type dots = (history: Record<string, any[]>, from: number, to: number) => Dot[];
  type Knee = (props: { run: Run, from: number, to: number }) => any;
  // widgets/heatmap.js
  type Hands = Record<"onPointerDown" | "onPointerMove" | "onPointerUp" | "onPointerLeave", (event: PointerEvent) => void>;
  /** Returns buckets in use, and the largest count. */
  type extent = (heat: Heat, from: number, to: number) => { low: number, high: number, most: number };
  /** `high`: the buckets shown */
  type ticks = (bounds: number[], low: number, high: number, height: number) => { value: number, y: number }[];
  type describe = (heat: Heat, spot: Spot, differs: boolean) => string;
  type paint = (canvas: HTMLCanvasElement, picture: HTMLCanvasElement, heat: Heat, from: number, to: number, low: number, high: number, signed: boolean) => void;
  type difference = (a: Heat, b: Heat, from: number, to: number) => Heat;
  /** `intent` has latencies from the intended start */
  type Heatmap = (props: { title: string, heat: Heat | null, intent?: Heat | null, from: number, to: number, tick: number }) => any;
  // widgets/load-control.js
  type LoadControl = (props: { run: Run, onApply: (load: Load) => Promise<void>, compact?: boolean }) => any;
  // widgets/table.js
  /** `all` shows all rows, so that the browser's search finds them */
  type Table = (props: { label: string, columns: Column[], order: number[], sort: string, selected?: number | null, rowKey: (position: number) => any, rowClass?: (position: number) => string, empty: string, height?: number, all?: boolean }) => any;
  type Head = (props: { column: Column, sort: string }) => any;
  // the rest
  /** `keys`: the columns to put, all of `rows` without them. */
  type put = (into: Record<string, any>, rows?: Record<string, any>, keys?: string[]) => void;
  type setHeat = (heat: Heat, key?: "heat" | "heatIntent") => void;
  /** `sort` is a column's name, with "-" before it for the largest first; "" is failing first, then slowest. */
  type ordered = (columns: Columns, options?: { filter?: string; sort?: string }) => number[];
  type walk = (node: any, depth: number, columns: Columns, open: Set<string>, out: TreeLine[]) => void;
  type future = (run: Run, from: number, to: number) => { series: Columns; from: number; to: number; lines: ChartLine[]; last?: number };
  type href = (page: string, params?: Params) => string;
  type go = (page: string, params?: Params) => void;
  type useFresh = (fetchIt: () => Promise<any>, when: any[], again?: boolean) => { value: any; error: string };
  type planned = (users: number, rate: number, time: number | null) => { time: number[]; users: number[] };
  type percent = (part: number | null | undefined, all: number | null | undefined) => string;
  type toggled = (set: Set<string>, key: string) => Set<string>;
  type Check = (props: { on: unknown; flip: () => void; children?: any }) => any;
  type Close = (props: { what?: string; act: () => void }) => any;
  type Facts = (props: { of: any[][] }) => any;
  type Plain = (props: { heads: string[]; rows: any[][] }) => any;
  /** A part that shows a run. */
  type View = (props: { run: Run }) => any;
  /** Columns that show, by `show`, what `of` gives. */
  type cell = (key: string, k: number) => any;
  type UserClasses = (props: { setup: Setup; form: any; edit: (change: object) => void }) => any;
  type columnOf = (of: (key: string, k: number) => any) => (key: string, label: string, show: (n: any) => any, hint?: string) => Column;
  type LiveView = (props: { run: Run; control?: any }) => any;
  type Timeline = (props: { run: Run; limit?: number }) => any;
  type Workers = (props: { run: Run; drain?: false | ((id: string, users: number) => void); off?: object }) => any;
  type maybe = (n: number | null | undefined) => string;
  type ofWorker = (workers: Columns, k: number) => string;
  type sentence = (workers: Columns, k: number, id?: string) => string;
  type roomy = (splits: number[], to: number, width: number) => number[];
  type drawMarks = (made: any, marks: Mark[]) => void;
  type drawDots = (plot: any, found: Dot[]) => void;
  type readColumn = (column: number[], bucket: number) => { all: number; here: number; upTo: number };
  type undoOf = (events: any[]) => Load | null;
  type sums = (columns: Columns, positions: number[]) => Record<string, number | null>;
  type Filter = (props: { text: string; hint: string }) => any;
  type stream = (tell: (message: any) => void) => { open: () => void; close: () => void };
}
