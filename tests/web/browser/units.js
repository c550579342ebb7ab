// Tests of the browser's modules that need no process: run in the browser by test_units.py. Returns what failed.
async (base) => {
  const table = await import(`${base}/table.js`);
  const { put, fold, since, putHeat } = await import(`${base}/run.js`);
  const { seconds, planned } = await import(`${base}/views/new-run.js`);
  const format = await import(`${base}/format.js`);
  const { extent, readColumn } = await import(`${base}/widgets/heatmap.js`);
  const failed = [];
  const is = (what, found, wanted) => {
    const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
    if (a !== b) failed.push(`${what}: ${a} is not ${b}`);
  };
  const columns = () => ({
    i: [0, 1, 2, 3],
    method: ["GET", "GET", "POST", "GET"],
    name: ["/a/one", "/a/two", "/b", "http://other/a/b/three?x=/y"],
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
  is("failing first, then slowest", table.Order.of(columns(), {}), [1, 2, 3, 0]);
  is("by a column, the largest first", table.Order.of(columns(), { sort: "-requests" }), [3, 2, 1, 0]);
  is("what is not known comes last", table.Order.of(columns(), { sort: "p95" }), [1, 0, 3, 2]);
  is("what is not known comes last downwards, too", table.Order.of(columns(), { sort: "-p95" }), [3, 0, 1, 2]);
  is("all words of a filter, in any case", table.Order.of(columns(), { filter: "get A/ TH", sort: "requests" }), [3]);
  is("nothing", table.Order.of({}, {}), []);

  // tree
  const closed = table.treeLines(columns(), [0, 1, 2, 3], new Set());
  is("folders are closed first", closed.map(({ label, position }) => [label, position ?? null]), [["/a/", null], ["/b", 2]]);
  is("a folder sums up", [closed[0].names, closed[0].sums.requests, closed[0].sums.failures, closed[0].sums.p95], [3, 70, 5, 50]);
  const open = table.treeLines(columns(), [0, 1, 2, 3], new Set(["/a"]));
  is("an open one shows what is in it", open.map(({ depth, position }) => [depth, position ?? null]), [[0, null], [1, 3], [1, 0], [1, 1], [0, 2]]);

  // series
  const series = { time: [10, 11], rps: [1, 2] };
  put(series, { time: [13, 11, 12], rps: [4, 20, 3] });
  is("rows stand by their time", series, { time: [10, 11, 12, 13], rps: [1, 20, 3, 4] });
  put(series, {});
  is("no rows change nothing", series.time.length, 4);
  is("from a time on", since(series, 12), { time: [12, 13], rps: [3, 4] });
  const long = { time: [], rps: [], p95: [], users: [] };
  for (let t = 0; t < 2000; t++) put(long, { time: [t], rps: [2], p95: [t], users: [t] });
  fold(long, 2000);
  is("old seconds are folded", long.time.length < 1200 && long.time.length > 1000, true);
  is("folded rows: mean, highest, last", [long.time[0], long.rps[0], long.p95[0], long.users[0]], [0, 2, 4, 4]);
  is("the last 15 minutes are left as they are", long.time.slice(-900), Array.from({ length: 900 }, (_, k) => 1100 + k));

  // heat
  const heat = { bounds: [0, 1, 2, 4], step: 1, time: [5], columns: [[0, 1]] };
  putHeat(heat, { time: [4, 5], columns: [[1, 2], [1, 3, 2, 9]] });
  is("columns stand by their time", heat.columns, [[1, 2], [1, 3, 2, 9]]);
  is("buckets in use", extent(heat, 0, 10), { low: 0, high: 2, most: 9 });
  is("counts of a column", readColumn([1, 3, 2, 9], 1), { all: 12, here: 3, upTo: 3 });

  // what one writes and reads
  is("times", ["90", "1h30m", "20 m", "", "2s"].map(seconds), [90, 5400, 1200, null, 2]);
  is("no time", Number.isNaN(seconds("soon")), true);
  is("a planned load", planned(100, 10, 60), { time: [0, 10, 60], users: [0, 100, 100] });
  is("figures", [0, 0.0421, 1.234, 45.67, 5104.2, null].map(format.figure), ["0", "0.042", "1.23", "45.7", "5,104", "–"]);
  is("units", [format.ms(12.3), format.ms(12_345), format.percent(1, 8), format.bytes(61_000_000), format.duration(3661)], ["12.3 ms", "12.3 s", "12.5 %", "61 MB", "01:01:01"]);
  return failed;
}
