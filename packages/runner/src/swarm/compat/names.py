"""Which of Locust's names are which of ours: strings, looked up when a name is read.

`NAMES[module][name]` is "our.module:name". A module that is listed exists, be it without names; the layers
above (`swarm_cli`, `swarm_web`) are named here and never imported by the runner.
"""

from __future__ import annotations

LOCUST_VERSION = "2.47.0"
"""The release of Locust whose surface this table follows."""


def _in(module: str, *names: str, **others: str) -> dict[str, str]:
    """Map names that are the same in our `module`, and `locusts=ours` that are not."""
    return {name: f"{module}:{name}" for name in names} | {
        name: f"{module}:{own}" for name, own in others.items()
    }


_STATES = _in(
    "swarm.users.states",
    LOCUST_STATE_RUNNING="RUNNING",
    LOCUST_STATE_STOPPING="STOPPING",
    LOCUST_STATE_WAITING="WAITING",
)
_WAIT_TIMES = _in(
    "swarm.users.wait_time", "between", "constant", "constant_pacing", "constant_throughput", "poisson"
)
_TASKS = (
    _in("swarm.users.taskset", "TaskSet") | _in("swarm.users.tasks", "task") | _in("swarm.users.tags", "tag")
)
_SEQUENTIAL = _in("swarm.users.sequential", "SequentialTaskSet")
_MARKOV = _in("swarm.users.markov", "MarkovTaskSet", "transition", "transitions")
_USERS = (
    _in("swarm.users.user", "User")
    | _in("swarm.users.http_user", "HttpUser")
    | _in("swarm.users.pytest_user", "PytestUser")
)
_FAST = _in("swarm.users.fast_http_user", "FastHttpUser")
_SHAPE = _in("swarm.shape", "LoadTestShape")
_DEBUG = _in("swarm.debug", "run_single_user")

NAMES: dict[str, dict[str, str]] = {
    "locust": {
        **_USERS,
        **_FAST,
        **_TASKS,
        **_SEQUENTIAL,
        **_MARKOV,
        **_WAIT_TIMES,
        **_SHAPE,
        **_DEBUG,
        **_in("swarm.event", "Events", "events"),
        **_in("swarm.compat.names", __version__="LOCUST_VERSION"),
    },
    "locust.env": _in("swarm.environment", "Environment"),
    "locust.event": _in("swarm.event", "EventHook", "Events")
    | _in("swarm.compat.hooks", "DeprecatedEventHook"),
    "locust.exception": _in(
        "swarm.exceptions",
        "CatchResponseError",
        "InterruptTaskSet",
        "MissingWaitTimeError",
        "RPCError",
        "RPCReceiveError",
        "RPCSendError",
        "RescheduleTask",
        "RescheduleTaskImmediately",
        "ResponseError",
        "RunnerAlreadyExistsError",
        "StopTest",
        "StopUser",
        LocustError="SwarmError",
    ),
    "locust.shape": _SHAPE | _in("swarm.shape", "LoadTestShapeMeta"),
    "locust.debug": {**_DEBUG, **_in("swarm.debug", "PrintListener"), **_in("datetime", "UTC")},
    "locust.log": _in("swarm.log", "LogReader", "get_logs", "greenlet_exception_logger", "setup_logging"),
    "locust.stats": {
        **_in(
            "swarm.stats",
            "CONSOLE_STATS_INTERVAL_SEC",
            "CSV_STATS_FLUSH_INTERVAL_SEC",
            "CSV_STATS_INTERVAL_SEC",
            "CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW",
            "HISTORY_STATS_INTERVAL_SEC",
            "PERCENTILES_TO_CHART",
            "PERCENTILES_TO_REPORT",
            "PERCENTILES_TO_STATISTICS",
            "STATS_AUTORESIZE",
            "STATS_NAME_WIDTH",
            "STATS_TYPE_WIDTH",
            "console_logger",
            "get_error_report_summary",
            "get_percentile_stats_summary",
            "get_stats_summary",
            "print_error_report",
            "print_percentile_stats",
            "print_stats",
            "print_stats_json",
            "resize_handler",
            "save_stats_json",
            "stats_history",
            "stats_printer",
            "update_stats_history",
            "validate_stats_configuration",
            "RequestStats",
        ),
        **_in(
            "swarm.compat.stats_types",
            "CachedResponseTimes",
            "EntriesDict",
            "RequestStatsAdditionError",
            "S",
            "StatsBaseDict",
            "StatsEntryDict",
            "StatsErrorDict",
            "StatsHolder",
            setup_distributed_stats_event_listeners="exchange_statistics",
        ),
        **_in("swarm.compat.csv_files", "CSVWriter", "StatsCSV", "StatsCSVFileWriter"),
        **_in(
            "swarm.compat.response_times",
            "avg",
            "calculate_response_time_percentile",
            "diff_response_time_dicts",
        ),
        **_in("swarm_stats.entries", "sort_stats", StatsEntry="Entry"),
        **_in("swarm_stats.failures", StatsError="Failure"),
        **_in("swarm_stats.reports.figures", get_readable_percentiles="readable_percentiles"),
        **_in("swarm_stats.units", bucket_response_time="round_ms"),
        **_in("itertools", "chain"),
    },
    "locust.runners": {
        **_in(
            "swarm.runners",
            "CPU_MONITOR_INTERVAL",
            "CONNECT_RETRY_COUNT",
            "CONNECT_TIMEOUT",
            "CPU_WARNING_THRESHOLD",
            "DistributedRunner",
            "HEARTBEAT_INTERVAL",
            "HEARTBEAT_LIVENESS",
            "LocalRunner",
            "MASTER_HEARTBEAT_TIMEOUT",
            "MasterRunner",
            "Runner",
            "STATE_CLEANUP",
            "STATE_INIT",
            "STATE_MISSING",
            "STATE_RUNNING",
            "STATE_SPAWNING",
            "STATE_STOPPED",
            "STATE_STOPPING",
            "WORKER_LOG_REPORT_INTERVAL",
            "WORKER_REPORT_INTERVAL",
            "WorkerNode",
            "WorkerNodes",
            "WorkerRunner",
        ),
        **_in("swarm.users.states", LOCUST_STATE_STOPPING="STOPPING"),
        **_in("swarm_stats.exceptions", ExceptionDict="ExceptionRow"),
    },
    "locust.dispatch": _in("swarm.compat.dispatch", "UsersDispatcher"),
    "locust.rpc": _in("swarm.runners.messages", "Message"),
    "locust.rpc.protocol": _in("swarm.runners.messages", "Message"),
    "locust.clients": {
        **_in("swarm.http.on_requests.session", "HttpSession"),
        **_in("swarm.http.on_requests.adapter", LocustHttpAdapter="PoolManagerAdapter"),
        **_in(
            "swarm.http.on_requests.response",
            "ResponseContextManager",
            RestResponseContextManager="ResponseContextManager",
        ),
    },
    "locust.user": {**_USERS, **_TASKS, **_WAIT_TIMES},
    "locust.user.users": {
        **_USERS,
        **_STATES,
        **_in("swarm.users.user", "UserMeta"),
        **_in("swarm.users.rest", "RestMixin"),
    },
    "locust.user.task": {
        **_TASKS,
        **_STATES,
        **_in("swarm.users.taskset", "DefaultTaskSet", "TaskSetMeta"),
        **_in("swarm.compat.tasks", "TaskHolder", "get_tasks_from_base_classes"),
        **_in("swarm.users.tags", "filter_tasks_by_tags", "is_markov_taskset"),
    },
    "locust.user.sequential_taskset": _SEQUENTIAL | _in("swarm.users.sequential", "SequentialTaskSetMeta"),
    "locust.user.markov_taskset": {
        **_MARKOV,
        **_in(
            "swarm.users.markov",
            "InvalidTransitionError",
            "MarkovTaskSetMeta",
            "MarkovTaskTagError",
            "NoMarkovTasksError",
            "NonMarkovTaskTransitionError",
        ),
        **_in(
            "swarm.compat.markov",
            "get_markov_tasks",
            "is_markov_task",
            "to_weighted_list",
            "validate_has_markov_tasks",
            "validate_markov_chain",
            "validate_no_tags",
            "validate_no_unreachable_tasks",
            "validate_transitions",
        ),
        **_in("swarm.users.tasks", validate_task_name="warn_of_its_name"),
    },
    "locust.user.wait_time": _WAIT_TIMES,
    "locust.user.inspectuser": _in(
        "swarm.users.ratio", "get_ratio", "print_task_ratio", "print_task_ratio_json"
    ),
    "locust.contrib": {},
    "locust.contrib.csv_request_logger": _in(
        "swarm.contrib.csv_request_logger", "CSV_COLUMNS", "CsvRequestLogger"
    ),
    "locust.contrib.dns": _in("swarm.contrib.dns", "DNSClient", "DNSUser"),
    "locust.contrib.fasthttp": {
        **_FAST,
        **_in("swarm.http.session", "FastHttpSession"),
        **_in("swarm.http.response", "ErrorResponse", "FastRequest", "FastResponse", "LocustBadStatusCode"),
        **_in(
            "swarm.http.catch",
            "ResponseContextManager",
            RestResponseContextManager="ResponseContextManager",
        ),
        **_in("swarm.http.errors", "FAILURE_EXCEPTIONS"),
        **_in("swarm.http.agent", LocustUserAgent="UserAgent"),
        **_in("swarm.http.tls", insecure_ssl_context_factory="insecure_ssl_context"),
    },
    "locust.contrib.mongodb": _in("swarm.contrib.mongodb", "MongoDBClient", "MongoDBUser"),
    "locust.contrib.mqtt": _in(
        "swarm.contrib.mqtt", "MqttClient", "MqttUser", "REQUEST_TYPE", "SUBACK_FAILURE"
    ),
    "locust.contrib.oai": _in("swarm.contrib.oai", "OpenAIClient", "OpenAIUser"),
    "locust.contrib.postgres": _in("swarm.contrib.postgres", "PostgresClient", "PostgresUser"),
    "locust.contrib.socketio": _in("swarm.contrib.socketio", "SocketIOClient", "SocketIOUser"),
    "locust.util": {},
    "locust.util.cache": _in("swarm.compat.calls", "memoize"),
    "locust.util.date": _in(
        "swarm.compat.dates", "format_duration", "format_safe_timestamp", "format_utc_timestamp"
    ),
    "locust.util.exception_handler": _in("swarm.compat.calls", "retry"),
    "locust.util.rounding": _in("swarm.compat.dates", "proper_round"),
    "locust.util.timespan": _in("swarm_cli.timespan", "parse_timespan"),
    "locust.util.load_locustfile": {
        **_in("swarm_cli.main", "load_locustfile"),
        **_in("swarm_cli.locustfile", "is_shape_class", "is_user_class"),
        **_in("swarm_cli.pytest_files", "load_locustfile_pytest"),
    },
    "locust.argument_parser": {
        **_in("swarm_cli.parser", "LocustArgumentParser"),
        **_in("swarm_cli.options", "get_parser", "parse_options", "setup_parser_arguments"),
        **_in("swarm_cli.locustfile", "parse_locustfile_paths"),
    },
    "locust.input_events": _in(
        "swarm.compat.input_events",
        "InitError",
        "UnixKeyPoller",
        "WindowsKeyPoller",
        "get_poller",
        "input_listener",
    ),
    "locust.opentelemetry": _in("swarm.otel.setup", "MAX_REQUEST_NAMES", "setup_opentelemetry"),
    "locust.main": _in("swarm_cli.main", "create_environment", "load_locustfile", "main"),
    "locust.web": _in(
        "swarm_web.web",
        "DEFAULT_CACHE_TIME",
        "HOST_IS_REQUIRED",
        "STATE_MISSING",
        "STATE_RUNNING",
        "AuthArgs",
        "AuthProvider",
        "CustomForm",
        "InputField",
        "WebUI",
    ),
    "locust.html": {
        **_in(
            "swarm_web.html",
            "PERCENTILES_FOR_HTML_REPORT",
            "STATE_STOPPED",
            "STATE_STOPPING",
            "get_html_report",
        ),
        **_in("swarm_cli.outputs", "process_html_filename"),
    },
}
