"""The report without JavaScript: verdict, figures, the most important names and errors, as plain HTML tables.

The rule: whatever came from the target or from a user is escaped; a reader without styles can read it, too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from swarm_stats.reports.figures import ms_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NAMES = 50
ERRORS = 50
EXCEPTIONS = 20
NODES = 5
EVENTS = 100
TEXT = 500


def title_of(data: Mapping[str, Any]) -> str:
    """Return the title of a report, escaped."""
    run = data["snapshot"]["run"]
    return escape(f"{run['profile'] or run['locustfile'] or 'Load test'} - Swarm report")


def summary(data: Mapping[str, Any]) -> str:
    """Return the summary as HTML."""
    snapshot = data["snapshot"]
    parts = [
        f"<h1>{title_of(data)}</h1>",
        _verdict(snapshot),
        _figures(snapshot),
        _names(snapshot),
        _failures(data["errors"], on_workers=snapshot["run"]["role"] == "master"),
        _exceptions(data["errors"]),
        _workers(snapshot),
        _events(snapshot),
    ]
    return "\n".join(part for part in parts if part)


def _verdict(snapshot: Mapping[str, Any]) -> str:
    run, total = snapshot["run"], snapshot["total"]
    failed = total["failures"] / total["requests"] if total["requests"] else 0.0
    lines = [
        f"{total['requests']:,} requests, {total['failures']:,} of them failed ({failed:.2%})."
        if total["requests"]
        else "No request was made."
    ]
    verdict = run["verdict"]
    if verdict is not None:
        lines.append(
            "The load generator kept up: the figures are the target's."
            if verdict["valid"]
            else "INVALID: the load generator was the bottleneck. " + " ".join(verdict["reasons"])
        )
    if run["accounting"] is not None:
        lines.append(run["accounting"]["text"])
    if run["interrupted"]:
        lines.append(
            f"{run['interrupted']:,} requests were cut off when the run stopped; they are not counted."
        )
    if run["names_full"]:
        lines.append(f"Names beyond {run['max_names']:,} are counted together as (other).")
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>Verdict</h2>\n<ul>{items}</ul>"


def _figures(snapshot: Mapping[str, Any]) -> str:
    run, total = snapshot["run"], snapshot["total"]
    elapsed = run["elapsed"]
    mean = total.get("rps_run")
    rows = [
        ("Target host", run["host"] or "-"),
        ("Began", _moment(run["started"])),
        ("Ended", _moment(run["ended"]) if run["ended"] else f"not yet: {run['state']}"),
        ("Duration", _clock(elapsed)),
        ("Users", f"{run['target']:,}"),
        ("Peak users", f"{max(snapshot['history']['users'], default=run['users']) or 0:,.0f}"),
        ("Requests per second, mean", f"{mean:,.1f}" if mean is not None else "-"),
        ("Median response time", _ms(total["p50_run"])),
        ("95 % took at most", _ms(total["p95_run"])),
        ("99 % took at most", _ms(total["p99_run"])),
        ("Longest response time", _ms(total["max"])),
        *_late(total),
        (
            "Workers",
            f"{len(snapshot['workers']['id']):,}" if run["role"] == "master" else "none, one process",
        ),
    ]
    return "<h2>Figures</h2>\n" + _table((), [[("", name), ("n", value)] for name, value in rows])


def _late(total: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not total.get("late"):
        return []
    return [
        ("Requests that began later than they were meant to", f"{total['late']:,}"),
        ("95 % took at most, from the intended start", _ms(total["p95_intent_run"])),
    ]


def _names(snapshot: Mapping[str, Any]) -> str:
    names = snapshot["names"]
    count = len(names["i"])
    if not count:
        return ""
    more = count + snapshot.get("more_names", 0) - min(count, NAMES)
    said = (
        f"The {NAMES} names with the most failures and requests; {more:,} more are not listed here."
        if more
        else ""
    )
    head = [("", "Type"), ("", "Name"), *(("n", each) for each in _NAME_HEAD)]
    rows = [
        [
            ("", names["method"][at]),
            ("name", names["name"][at][:TEXT]),
            ("n", f"{names['requests'][at]:,}"),
            ("n", f"{names['failures'][at]:,}"),
            *(
                ("n", _ms(names[column][at]))
                for column in ("p50_run", "p95_run", "p99_run", "avg", "min", "max")
            ),
            ("n", f"{names['length'][at]:,.0f}"),
        ]
        for at in sorted(range(count), key=lambda each: (-names["failures"][each], -names["requests"][each]))[
            :NAMES
        ]
    ]
    note = f"<p>{said}</p>\n" if said else ""
    return f"<h2>Requests</h2>\n{note}" + _table(head, rows)


_NAME_HEAD = ("Requests", "Failures", "Median", "95 %", "99 %", "Mean", "Shortest", "Longest", "Mean bytes")


def _failures(errors: Mapping[str, Any], *, on_workers: bool) -> str:
    failures = errors["failures"]
    if not failures:
        return ""
    more = len(failures) - min(len(failures), ERRORS) + errors["more"]["kinds"]
    note = f"<p>The {ERRORS} most frequent; {more:,} more kinds are not listed here.</p>\n" if more else ""
    head = [("n", "Times"), ("", "Type"), ("", "Name"), ("", "Error"), ("", "First"), ("", "Last")]
    head += [("", "On")] if on_workers else []
    rows = [
        [
            ("n", f"{each['occurrences']:,}"),
            ("", each["method"]),
            ("name", each["name"][:TEXT]),
            ("name", each["error"][:TEXT]),
            ("", _moment(each["first_seen"])),
            ("", _moment(each["last_seen"])),
            *([("name", _nodes(each))] if on_workers else []),
        ]
        for each in failures[:ERRORS]
    ]
    return f"<h2>Failures</h2>\n{note}" + _table(head, rows)


def _nodes(failure: Mapping[str, Any]) -> str:
    named = failure["nodes"][:NODES]
    more = failure["node_count"] - len(named)
    return ", ".join(named) + (f" and {more:,} more" if more and named else "") or "-"


def _exceptions(errors: Mapping[str, Any]) -> str:
    shown = errors["exceptions"][:EXCEPTIONS]
    if not shown:
        return ""
    parts = [
        f"<h3>{each['count']:,} times {escape(each['msg'][:TEXT])}</h3>\n"
        f"<p>on {escape(', '.join(each['nodes'][:20]))}</p>\n"
        f"<pre>{escape(each['traceback'])}</pre>"
        for each in shown
    ]
    more = len(errors["exceptions"]) - len(shown)
    if more:
        parts.append(f"<p>{more:,} more are not listed here.</p>")
    return "<h2>Exceptions</h2>\n" + "\n".join(parts)


def _workers(snapshot: Mapping[str, Any]) -> str:
    workers = snapshot["workers"]
    if snapshot["run"]["role"] != "master" or not workers["id"]:
        return ""
    head = [
        ("", "Worker"),
        ("", "State"),
        *(("n", each) for each in ("Requests merged", "heard of", "Clock off, s")),
    ]
    rows = [
        [
            ("name", workers["id"][at]),
            ("", workers["state"][at]),
            ("n", f"{workers['samples_merged'][at]:,}"),
            ("n", f"{workers['samples_heard'][at]:,}"),
            ("n", _offset(workers["offset"][at], workers["offset_error"][at])),
        ]
        for at in range(len(workers["id"]))
    ]
    return "<h2>Workers</h2>\n" + _table(head, rows)


def _events(snapshot: Mapping[str, Any]) -> str:
    events = snapshot["events"][-EVENTS:]
    if not events:
        return ""
    head = [("", "When"), ("", "What"), ("", "Who"), ("", "Outcome")]
    rows = [
        [
            ("", _moment(each["time"])),
            ("", each["text"][:TEXT]),
            ("", f"{each['who']} from {each['from']}" if "who" in each else ""),
            ("", str(each.get("outcome", ""))[:TEXT]),
        ]
        for each in events
    ]
    return "<h2>What happened</h2>\n" + _table(head, rows)


def _table(head: Sequence[tuple[str, str]], rows: Iterable[Sequence[tuple[str, str]]]) -> str:
    drawn = ["<table>"]
    if head:
        cells = "".join(f'<th scope="col"{_class(kind)}>{escape(text)}</th>' for kind, text in head)
        drawn.append(f"<thead><tr>{cells}</tr></thead>")
    drawn.append("<tbody>")
    for row in rows:
        cells = "".join(f"<td{_class(kind)}>{escape(str(text))}</td>" for kind, text in row)
        drawn.append(f"<tr>{cells}</tr>")
    return "\n".join([*drawn, "</tbody>", "</table>"])


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{ms_text(value)} ms"


def _clock(seconds: float | None) -> str:
    """As the page shows a duration."""
    if seconds is None:
        return "-"
    whole = max(0, int(seconds))
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _offset(offset: float | None, error: float | None) -> str:
    return "-" if offset is None else f"{offset:+.4f} ± {error or 0:.4f}"
