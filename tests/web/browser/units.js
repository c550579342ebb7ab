// Tests of the browser's modules that need no process: run in the browser by test_units.py. Returns what failed.
async (base) => {
  const table = await import(`${base}/table.js`);
  const { put, Run } = await import(`${base}/run.js`);
  const { seconds, planned } = await import(`${base}/views/new-run.js`);
  const format = await import(`${base}/format.js`);
  const { extent, readColumn, ticks, difference } = await import(`${base}/widgets/heatmap.js`);
  const { dots, lasts, quantile, readSpan } = await import(`${base}/widgets/curve.js`);
  const { future, marks } = await import(`${base}/views/live.js`);
  const { undoOf } = await import(`${base}/widgets/load-control.js`);
  const failed = [];
  const is = (what, found, wanted) => {
    const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
    if (a !== b) failed.push(`${what}: ${a} is not ${b}`);
  };
  const columns = (n = 4) => ({
    i: [0, 1, 2, 3],
    method: ["GET", "GET", "POST", "GET"],
    name: ["/a/one", "/a/two", "/b", "http://other/a/b/three?x=/y", "http://other/a/b/four"].slice(0, n),
    requests: [10, 20, 30, 40],
    failures: [0, 5, 0, 0],
    p95: [9, 1, null, 50],
    p95_run: [9, 1, 70, 50],
  });

  // names
  const names = new table.Names(columns());
  names.update({ i: [1, 7], method: ["GET", "PUT"], name: ["/a/two", "/new"], requests: [21, 1], failures: [6, 0], p95: [2, 3], p95_run: [2, 3] });
  is("a row that changed keeps its place", names.columns.requests, [10, 21, 30, 40, 1]);
  is("a new row comes last", [names.size, names.find("PUT", "/new"), names.find("GET", "/new")], [5, 4, -1]);
  names.update({});
  is("a frame without names changes none", names.size, 5);

  // order
  is("failing first, then slowest", table.ordered(columns(), {}), [1, 2, 3, 0]);
  is("by a column, the largest first", table.ordered(columns(), { sort: "-requests" }), [3, 2, 1, 0]);
  is("what is not known comes last", table.ordered(columns(), { sort: "p95" }), [1, 0, 3, 2]);
  is("what is not known comes last downwards, too", table.ordered(columns(), { sort: "-p95" }), [3, 0, 1, 2]);
  is("all words of a filter, in any case", table.ordered(columns(), { filter: "get A/ TH", sort: "requests" }), [3]);
  is("nothing", table.ordered({}), []);

  // tree
  const closed = table.treeLines(columns(), [0, 1, 2, 3], new Set());
  is("folders are closed first", closed.map(({ label, position }) => [label, position ?? null]), [["/a/", null], ["http://other/a/b/three?x=/y", 3], ["/b", 2]]);
  is("a folder sums up", [closed[0].names, closed[0].sums.requests, closed[0].sums.failures, closed[0].sums.p95], [2, 30, 5, 9]);
  const open = table.treeLines(columns(), [0, 1, 2, 3], new Set(["/a"]));
  is("an open one shows what is in it", open.map(({ depth, position }) => [depth, position ?? null]), [[0, null], [1, 0], [1, 1], [0, 3], [0, 2]]);
  const hosts = table.treeLines(columns(5), [0, 3, 4], new Set(["http://other", "http://other/a"]));
  is("hosts are the first level", hosts.map(({ depth, label }) => [depth, label]), [[0, "/a/one"], [0, "http://other/"], [1, "http://other/a/"], [2, "http://other/a/b/"]]);
  is("an address without a path is in its host", table.segments("http://other"), ["http://other"]);

  // series
  const series = { time: [10, 11], rps: [1, 2] };
  put(series, { time: [13, 11, 12], rps: [4, 20, 3] });
  is("rows stand by their time", series, { time: [10, 11, 12, 13], rps: [1, 20, 3, 4] });
  put(series, {});
  is("no rows change nothing", series.time.length, 4);
  // heat
  const heat = { bounds: [0, 1, 2, 4], step: 1, time: [5], columns: [[0, 1]] };
  put(heat, { time: [4, 5], columns: [[1, 2], [1, 3, 2, 9]] });
  is("columns stand by their time", heat.columns, [[1, 2], [1, 3, 2, 9]]);
  is("buckets in use", extent(heat, 0, 10), { low: 0, high: 2, most: 9 });
  is("counts of a column", readColumn([1, 3, 2, 9], 1), { all: 12, here: 3, upTo: 3 });

  // where latencies stand along a heat map
  const edges = [0, 0.25, 0.5, 0.75];
  for (let octave = 1; octave <= 1024; octave *= 2) edges.push(octave, octave * 1.25, octave * 1.5, octave * 1.75);
  const labelled = (height) => ticks(edges, edges.indexOf(1), edges.indexOf(1024), height).map(({ value }) => value).sort((x, y) => x - y);
  is("decades are labelled", labelled(60), [1, 10, 100, 1000]);
  is("2 and 5 between them where there is room", labelled(400), [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]);
  const [one] = ticks(edges, edges.indexOf(1), edges.indexOf(1) + 3, 100);
  is("at their own height", [one.value, one.y], [1, 100]);

  // a span of a heat map
  const span = { bounds: [0, 1, 1.25, 1.5], step: 1, time: [10, 11, 12, 20, 30], columns: [[0, 5], [1, 90, 2, 10], [2, 100], [1, 1], [1, 1]] };
  const read = readSpan(span, 11.2, 12.1);
  is("its whole columns", [read.count, read.from, read.to], [200, 11, 13]);
  is("in the form of exact percentiles", [read.fractions, read.ms.map((value) => value.toFixed(3))], [[0, 0.45, 1], ["1.111", "1.111", "1.364"]]);
  is("no latency is farther off than that", [read.off.toFixed(4), (1.364 / 1.25 - 1).toFixed(2), (1 - 1.364 / 1.5).toFixed(2)], ["0.0909", "0.09", "0.09"]);
  is("percentiles", [quantile(read, 0.45).toFixed(3), quantile(read, 0.9).toFixed(3), quantile(read, 0.999)], ["1.111", "1.364", null]);
  is("nothing in it", readSpan(span, 40, 50).count, 0);
  const all = (map) => map.time.map((_, k) => lasts(map, k));
  is("columns last a step of the newest quarter of an hour", all(span), [1, 1, 1, 1, 1]);
  is("those of before longer, where nobody says how long", all({ time: [0, 10, 20, 1000, 1001], step: 1 }), [10, 10, 10, 1, 1]);
  is("as long as the server says", all({ time: [0, 10, 40, 43, 100, 101], step: 1, steps: [[0, 30], [43, 5], [100, 1]] }), [10, 30, 3, 5, 1, 1]);
  is("more and fewer", difference({ ...span, columns: [[0, 3], [2, 110], [2, 100], [1, 1], []] }, span, 10, 12).columns, [[0, -2], [1, -90, 2, 100], [], [], []]);

  // latency over throughput
  const history = { time: [8, 9, 10, 15, 19, 20, 25, 40], rps: [1, 3, 10, 20, 30, 0, null, 5], p95: [5, 6, 7, 8, 9, 9, 9, null] };
  is("a dot for ten seconds", dots(history, 0, 30).map(({ at, rps, p95 }) => [at, rps, p95]), [[0, 2, 6], [10, 20, 9]]);
  is("not before they are over", dots(history, 0, 19).map(({ at }) => at), [0]);

  // what is being edited, as a line into the future
  const run = new Run({}, true);
  Object.assign(run.history, { time: [0, 60], users: [1, 10], target: [10, 10] });
  run.run.value = { ...run.run.value, users: 10 };
  is("nothing is edited", Object.keys(future(run, 0, 60)).includes("last"), false);
  run.draft.value = { users: 110, rate: 10 };
  is("the ramp, and that it was reached", [future(run, 0, 60).to, future(run, 0, 60).series.time, future(run, 0, 60).series.plan], [72, [0, 60, 70, 72], [null, 10, 110, 110]]);
  run.draft.value = { users: 1010, rate: 1 };
  is("a third of the chart at most", [future(run, 0, 60).to, future(run, 0, 60).series.plan], [80, [null, 10, 30]]);
  run.draft.value = { users: 0, rate: 5 };
  is("downwards, too", future(run, 0, 60).series.plan, [null, 10, 0, 0]);

  // the edge, and the marks
  is("not what is still to come", [Object.assign(run, { historyLag: 4 }).edge, (run.time.value = 60) && run.edge], [-4, 56]);
  run.run.value = { ...run.run.value, ended: 60.4 };
  is("after the end the last part of a second is inside", run.edge, 61);
  run.events.value = [{ time: -9, change: "" }, { time: 0, change: "" }, { time: 5, change: "joined" }];
  is("nothing of before a reset is marked", marks(run).map(({ time }) => time), [0]);
  run.history.time = [];
  is("and without a row nothing", marks(run), []);

  // undo
  const command = (action, outcome = "done") => ({ kind: "command", action, outcome, before: { users: 7, rate: 2 } });
  is("back to what was", undoOf([command("start"), command("load"), { kind: "state" }]), { users: 7, rate: 2 });
  is("not beyond a run's start", undoOf([command("load"), command("start")]), null);
  is("not a change that was refused", undoOf([command("start"), command("load", "no")]), null);

  // what one writes and reads
  is("ids", ["vm_65ed0f4fd5a9463ca58ce724e81ab34c", "a_1", "local"].map(format.shortNode), ["vm_65ed0f4f…", "a_1", "local"]);
  is("times", ["90", "1h30m", "20 m", "", "2s"].map(seconds), [90, 5400, 1200, null, 2]);
  is("no time", Number.isNaN(seconds("soon")), true);
  is("a planned load", planned(100, 10, 60), { time: [0, 10, 60], users: [0, 100, 100] });
  is("figures", [0, 0.0421, 1.234, 45.67, 5104.2, null].map(format.figure), ["0", "0.042", "1.23", "45.7", "5,104", "–"]);
  is("units", [format.ms(12.3), format.ms(12_345), format.percent(1, 8), format.bytes(61_000_000), format.duration(3661)], ["12.3 ms", "12.3 s", "12.5 %", "61 MB", "01:01:01"]);
  return failed;
}
