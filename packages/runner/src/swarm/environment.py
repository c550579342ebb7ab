"""Ties a run together: its user classes, options, events, statistics, and its runner."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swarm.event import Events
from swarm.exceptions import RunnerAlreadyExistsError, SwarmError
from swarm.log import get_logger
from swarm.stats import RequestStats

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Mapping

    from swarm.control.settings import MasterSettings, WorkerSettings
    from swarm.runners.local import LocalRunner
    from swarm.runners.master import MasterRunner
    from swarm.runners.runner import Runner
    from swarm.runners.worker import WorkerRunner
    from swarm.shape import LoadTestShape
    from swarm.transport.secret import Secret
    from swarm.users.user import User

log = get_logger(__name__)

WEB_UI_GROUP = "swarm.web_ui"
"""The entry-point group under which an installed distribution offers the browser UI."""


class Environment:
    """A run's surroundings, shared by its users, listeners and runner.

    `stop_timeout` is the seconds that running tasks may finish in when they are stopped. `shape_class` is an
    instance of the shape, as Locust names it. With `catch_exceptions` False a task's exception ends its user.
    """

    def __init__(
        self,
        *,
        user_classes: Iterable[type[User]] | None = None,
        shape_class: LoadTestShape | None = None,
        tags: Iterable[str] | None = None,
        locustfile: str | None = None,
        exclude_tags: Iterable[str] | None = None,
        events: Events | None = None,
        host: str | None = None,
        reset_stats: bool = False,
        stop_timeout: float | None = None,
        catch_exceptions: bool = True,
        parsed_options: Namespace | None = None,
        parsed_locustfiles: list[str] | None = None,
        available_user_classes: Mapping[str, type[User]] | None = None,
        available_shape_classes: Mapping[str, LoadTestShape] | None = None,
        available_user_tasks: Mapping[str, list[Any]] | None = None,
        dispatcher_class: type[Any] | None = None,
        profile: str | None = None,
    ) -> None:
        self.user_classes = list(user_classes or [])
        self.shape_class = shape_class
        self.tags = list(tags) if tags is not None else None
        self.exclude_tags = list(exclude_tags) if exclude_tags is not None else None
        self.locustfile = locustfile
        self.events = events or Events()
        self.host = host
        self.reset_stats = reset_stats
        self.stop_timeout = stop_timeout
        self.catch_exceptions = catch_exceptions
        self.parsed_options = parsed_options
        self.parsed_locustfiles = parsed_locustfiles
        self.available_user_classes = available_user_classes
        self.available_shape_classes = available_shape_classes
        self.available_user_tasks = available_user_tasks
        self.dispatcher_class = dispatcher_class
        if dispatcher_class is not None and dispatcher_class.__module__ != "swarm.compat.dispatch":
            log.warning(
                "dispatcher_class is not used: by weight and fixed_count the plan says who runs which users"
            )
        self.profile = profile
        self.runner: Runner | None = None
        self.web_ui: Any = None
        self.process_exit_code: int | None = None
        self.worker_logs: dict[str, list[str]] = {}
        self.stats = RequestStats()
        self.stats.on_names_full = self._warn_of_names
        self.events.request.bind(self.stats)
        self._check_names()

    @property
    def user_classes_by_name(self) -> dict[str, type[User]]:
        """The user classes by their names."""
        return {user_class.__name__: user_class for user_class in self.user_classes}

    def create_local_runner(self) -> LocalRunner:
        """Make the runner that runs all users in this process.

        Raises RunnerAlreadyExistsError for a second one, and SwarmError when the tags leave a user no task.
        """
        from swarm.runners.local import LocalRunner

        self._prepare_for_runner()
        runner = LocalRunner(self)
        self.runner = runner
        return runner

    def create_master_runner(
        self,
        master_bind_host: str = "127.0.0.1",
        master_bind_port: int = 5557,
        *,
        secret: Secret | None = None,
        secret_file: str | None = None,
        journal: str | Path | None = None,
        settings: MasterSettings | None = None,
        serve: bool = True,
    ) -> MasterRunner:
        """Make the runner that steers workers; it listens at once, and lets them in when other greenlets run.

        Port 0 lets the system choose one (`runner.port`). Without a `secret` it is that of `secret_file`, of the
        variable SWARM_SECRET, or on a loopback address the user's own. `journal` is a file in which a run is kept, so
        that another master can go on with it. `settings` has the intervals. With `serve` False nobody is let
        in before `runner.serve()`.

        Raises RunnerAlreadyExistsError for a second runner, and SwarmError when the secret, the address or
        the journal cannot be used.
        """
        from swarm.runners.master import MasterRunner
        from swarm.transport.secret import find_secret

        secret = secret or find_secret(master_bind_host, role="master", secret_file=secret_file)
        self._prepare_for_runner()
        path = None if journal is None else Path(journal)
        runner = MasterRunner(
            self, master_bind_host, master_bind_port, secret, settings=settings, journal=path
        )
        self.runner = runner
        if serve:
            runner.serve()
        return runner

    def create_worker_runner(
        self,
        master_host: str,
        master_port: int,
        *,
        secret: Secret | None = None,
        secret_file: str | None = None,
        settings: WorkerSettings | None = None,
        serve: bool = True,
    ) -> WorkerRunner:
        """Make the runner that runs users for the master at this address, and let it connect.

        The secret is that of the master; see `create_master_runner`. `settings` has the intervals. With `serve`
        False it does not connect before `runner.serve()`.

        Raises RunnerAlreadyExistsError for a second runner, and SwarmError when the secret cannot be used.
        """
        from swarm.runners import worker_logs
        from swarm.runners.worker import WorkerRunner
        from swarm.transport.secret import find_secret

        secret = secret or find_secret(master_host, role="worker", secret_file=secret_file)
        self._prepare_for_runner()
        runner = WorkerRunner(self, master_host, master_port, secret, settings=settings)
        worker_logs.offer(runner)
        self.runner = runner
        if serve:
            runner.serve()
        return runner

    def _prepare_for_runner(self) -> None:
        if self.runner is not None:
            raise RunnerAlreadyExistsError(
                "This environment has a runner already; make another Environment for a second one."
            )
        self.filter_tasks()

    def create_web_ui(self, host: str = "127.0.0.1", port: int = 8089, **options: Any) -> Any:
        """Make and start the browser UI that an installed distribution offers.

        Raises SwarmError that names the extra when none does.
        """
        offers = list(metadata.entry_points(group=WEB_UI_GROUP))
        if not offers:
            raise SwarmError(missing_web_ui())
        self.web_ui = offers[0].load()(self, host, port, **options)
        return self.web_ui

    def filter_tasks(self) -> None:
        """Leave out the tasks that `tags` and `exclude_tags` leave out, in all user classes.

        Raises SwarmError when a class is left with none.
        """
        if self.tags is None and self.exclude_tags is None:
            return
        from swarm.users.tags import filter_tasks_by_tags

        for user_class in self.user_classes:
            filter_tasks_by_tags(
                user_class,
                tags=None if self.tags is None else set(self.tags),
                exclude_tags=None if self.exclude_tags is None else set(self.exclude_tags),
            )

    def assign_equal_weights(self) -> None:
        """Give every user class the weight 1 and each of its tasks the same chance."""
        for user_class in self.user_classes:
            user_class.weight = 1
            user_class.fixed_count = 0
            user_class.tasks = list(dict.fromkeys(user_class.tasks))

    def update_user_class(self, user_settings: Mapping[str, Any]) -> None:
        """Apply settings to the class named by their `user_class_name`: host, weight, fixed_count, tasks, …

        Raises SwarmError for a class that is not there.
        """
        settings = dict(user_settings)
        name = settings.pop("user_class_name", None)
        known = dict(self.available_user_classes or {}) | self.user_classes_by_name
        if name not in known:
            raise SwarmError(
                f"There is no user class {name!r}; known are: {', '.join(sorted(known)) or 'none'}."
            )
        user_class = known[name]
        if "tasks" in settings:
            names = set(settings.pop("tasks"))
            user_class.tasks = [task for task in user_class.tasks if task.__name__ in names]
        for key, value in settings.items():
            setattr(user_class, key, value)

    def update_worker_logs(self, worker_log_report: Mapping[str, Any]) -> None:
        """Keep the lines that a worker logged in `worker_logs`: a report has its `worker_id` and its `logs`."""
        worker = worker_log_report.get("worker_id")
        if worker is not None:
            self.worker_logs[worker] = list(worker_log_report.get("logs", ()))

    def _check_names(self) -> None:
        seen: dict[str, type[User]] = {}
        for user_class in self.user_classes:
            other = seen.setdefault(user_class.__name__, user_class)
            if other is not user_class:
                raise SwarmError(
                    f"Two user classes are named {user_class.__name__}: {other.__module__} and "
                    f"{user_class.__module__}. Rename one; statistics and targets go by the name."
                )

    def _warn_of_names(self, max_names: int) -> None:
        log.warning(
            "too many names of requests: further ones are counted as '(other)'. Group them with name=…",
            names=max_names,
        )


def has_web_ui() -> bool:
    """Whether an installed distribution offers the browser UI."""
    return bool(metadata.entry_points(group=WEB_UI_GROUP))


def missing_web_ui() -> str:
    """Return the message for somebody who asks for the browser UI where none is installed."""
    return missing_extra("browser UI", "run with --headless")


def missing_extra(what: str, instead: str) -> str:
    """Return the message for somebody who asks for what the extra `web` brings, and what to do instead."""
    return (
        f"The {what} is not installed. Install the extra: `pip install 'swarm-cli[web]'` "
        f"(in a checkout: `poetry install --all-extras`), or {instead}."
    )
