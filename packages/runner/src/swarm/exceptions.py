"""The errors of Swarm and the exceptions by which a task steers its user."""

from __future__ import annotations


class SwarmError(Exception):
    """Base of all errors that Swarm raises; its text says what was wrong, where, and what to do."""


class ResponseError(Exception):
    """A task's way to say that a response is a failure: raised inside `with`, it marks it and goes no further."""


class CatchResponseError(SwarmError):
    """`success()` or `failure()` was called on a response outside its `with` block."""


class MissingWaitTimeError(SwarmError):
    """A wait was asked for, and neither the user nor the task set has a `wait_time`."""


class InterruptTaskSet(Exception):
    """Leaves a nested task set: with `reschedule` the parent at once picks its next task, else it waits first."""

    def __init__(self, reschedule: bool = True) -> None:
        super().__init__(reschedule)
        self.reschedule = reschedule


class StopUser(Exception):
    """Ends the user that raises it; its `on_stop` is called."""


class StopTest(Exception):
    """Ends the whole run."""


class RescheduleTask(Exception):
    """Ends the task; the user waits, then goes on with its next one."""


class RescheduleTaskImmediately(Exception):
    """Ends the task; the user goes on with its next one without a wait."""


class RPCError(SwarmError):
    """Base of the errors between master and workers."""


class RPCSendError(RPCError):
    """A message could not be sent."""


class RPCReceiveError(RPCError):
    """A message could not be read."""


class RunnerAlreadyExistsError(SwarmError):
    """The environment has a runner already."""
