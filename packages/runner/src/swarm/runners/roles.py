"""The roles by which a locustfile's listeners tell nodes apart: `isinstance(environment.runner, MasterRunner)`."""

from __future__ import annotations

from abc import abstractmethod

from swarm.runners.runner import Runner


class DistributedRunner(Runner):
    """A node of a run that is spread over several processes."""

    @property
    @abstractmethod
    def node_id(self) -> str:
        """The name under which the other nodes know this one."""


class MasterRunner(DistributedRunner):
    """The node that steers the others and holds the statistics; it runs no users."""


class WorkerRunner(DistributedRunner):
    """A node that runs users for its master."""
