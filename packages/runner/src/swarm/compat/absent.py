"""What Locust has or had and Swarm has not: for each name what took its place, or why there is none."""

from __future__ import annotations

GONE = {
    "locust.HttpLocust": "was renamed in Locust 1.0: use HttpUser.",
    "locust.Locust": "was renamed in Locust 1.0: use User.",
    "locust.FastHttpLocust": "was renamed in Locust 1.0: use FastHttpUser.",
    "locust.TaskSequence": "was removed in Locust 1.0: use SequentialTaskSet.",
    "locust.seq_task": "was removed in Locust 1.0: use SequentialTaskSet, whose tasks run in order.",
    "locust.web.app": "was removed in Locust 1.0: use environment.web_ui.app.",
    "locust.wait_time": "was moved in Locust 1.0: import the wait times from locust.",
    "locust.core": "was removed in Locust 1.0: import from locust (HttpLocust is HttpUser, Locust is User).",
    "locust.exception.StopLocust": "was renamed in Locust 1.0: use StopUser.",
    "locust.runners.LocalLocustRunner": "was renamed in Locust 1.0: use LocalRunner.",
    "locust.runners.MasterLocustRunner": "was renamed in Locust 1.0: use MasterRunner.",
    "locust.runners.SlaveLocustRunner": "was renamed in Locust 1.0: use WorkerRunner.",
    "locust.runners.locust_runner": "was removed in Locust 1.0: use environment.runner.",
    "locust.stats.global_stats": "was removed in Locust 1.0: use environment.stats.",
    "locust.contrib.fasthttp.FastHttpLocust": "was renamed in Locust 1.0: use FastHttpUser.",
}
"""Names of before Locust 1.0, and what took their place."""

_OWN_CLIENT = (
    "Swarm has no users of vector databases. Write a User with their own client, "
    "which reports with `self.environment.events.request.measure(type, name)`"
)
_NO_SUCH_INTERVAL = (
    "master and workers have HEARTBEAT_INTERVAL, HEARTBEAT_LIVENESS and WORKER_REPORT_INTERVAL here"
)
_LOOPS = "listeners and greenlets end with their run here, and what they raise is logged and counted anyhow"
MISSING = {
    "locust.contrib.milvus": _OWN_CLIENT,
    "locust.contrib.qdrant": _OWN_CLIENT,
    "locust.html.render_template_from": "the report is made without templates: use get_html_report(environment)",
    "locust.runners.locust_exception_handler": _LOOPS,
    "locust.runners.FALLBACK_INTERVAL": _NO_SUCH_INTERVAL,
    "locust.runners.HEARTBEAT_DEAD_INTERNAL": _NO_SUCH_INTERVAL,
}
"""What Locust has and this release has not, module or name, and what to do."""
