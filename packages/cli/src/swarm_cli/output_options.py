"""The options that say what comes out of a run: statistics and logs, under Locust's names."""

from __future__ import annotations

from swarm_cli.option import Group, flag, value

STATISTICS = Group(
    "Statistics options",
    [
        value(
            "--csv",
            dest="csv_prefix",
            metavar="PREFIX",
            variable="CSV",
            help="write PREFIX_stats.csv, PREFIX_stats_history.csv, PREFIX_failures.csv, PREFIX_exceptions.csv",
        ),
        flag(
            "--csv-full-history",
            dest="stats_history_enabled",
            variable="CSV_FULL_HISTORY",
            help="history rows for every entry, not for the total alone",
        ),
        flag("--print-stats", variable="PRINT_STATS", help="print the table in UI runs, too"),
        flag(
            "--only-summary",
            variable="ONLY_SUMMARY",
            help="print no table while the run lasts, only the summary",
        ),
        flag(
            "--reset-stats",
            variable="RESET_STATS",
            help="reset the statistics when all users have been started",
        ),
        value(
            "--html",
            dest="html_file",
            metavar="FILE",
            variable="HTML",
            help="write the HTML report; {u}, {r} and {t} in the name become users, spawn rate and run time",
        ),
        value(
            "--record",
            metavar="FILE",
            variable="RECORD",
            help="record the run for `swarm-cli replay FILE`, compressed when the name ends with .gz",
        ),
        flag("--json", help="print the final statistics to stdout, as JSON"),
        value("--json-file", metavar="FILE", help="write the same to a file (.json is added)"),
        flag(
            "--require-valid",
            variable="REQUIRE_VALID",
            help="end with exit code 4 when the load generator itself was the bottleneck",
        ),
    ],
)

LOGGING = Group(
    "Logging options",
    [
        flag(
            "--skip-log-setup",
            variable="SKIP_LOG_SETUP",
            help="leave logging as the locustfile has set it up",
        ),
        value(
            "-L",
            "--loglevel",
            metavar="LEVEL",
            type=str.upper,
            choices=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
            default="INFO",
            variable="LOGLEVEL",
            help="DEBUG, INFO (default), WARNING, ERROR or CRITICAL",
        ),
        value("--logfile", metavar="FILE", variable="LOGFILE", help="log there instead of stderr"),
        value(
            "--log-format",
            choices=["console", "json"],
            default="console",
            variable="LOG_FORMAT",
            help="console: for people (default); json: one object a line",
        ),
    ],
)
