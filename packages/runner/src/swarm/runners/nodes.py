"""The workers as a locustfile sees them on the master: `environment.runner.clients`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from swarm import runners
from swarm.control.member import GONE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swarm.control.fleet import Fleet
    from swarm.control.member import Member


class WorkerNode:
    """One worker: read from what the master knows at the moment."""

    def __init__(self, member: Member) -> None:
        self._member = member

    def __repr__(self) -> str:
        return f"<WorkerNode {self.id} {self.state}, {self.user_count} users>"

    @property
    def id(self) -> str:
        """Its name, the `client_id` of messages and events."""
        return self._member.identity

    @property
    def index(self) -> int:
        """Its number in the swarm, from 0."""
        return self._member.index

    @property
    def state(self) -> str:
        """One of the words of `swarm.runners`: ready, spawning, running, stopping (and draining), missing."""
        state = str(self._member.state)
        return runners.STATE_STOPPING if state == "draining" else state

    @property
    def _users(self) -> Mapping[str, int]:
        # Who is missing or gone is not counted on, and with the last delta of a run all of its users have ended.
        is_there = not self._member.final and self.state not in (runners.STATE_MISSING, "quit")
        return self._member.users if is_there else {}

    @property
    def user_count(self) -> int:
        """The users that it runs."""
        return sum(self._users.values())

    @property
    def user_classes_count(self) -> dict[str, int]:
        """The users that it runs, by class."""
        return dict(self._users)

    @property
    def cpu_usage(self) -> float:
        """Percent of one core."""
        return self._member.vitals.cpu_percent

    @property
    def memory_usage(self) -> int:
        """Resident memory, in bytes."""
        return self._member.vitals.memory_bytes

    @property
    def clock_offset(self) -> float:
        """Seconds by which its clock is ahead of the master's, as far as is known."""
        return self._member.clock.offset


class WorkerNodes(Mapping[str, WorkerNode]):
    """The workers by their names, those that are missing included, those that left not."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    @property
    def _worker_nodes(self) -> dict[str, WorkerNode]:
        return {member.identity: WorkerNode(member) for member in self._fleet if member.state not in GONE}

    def __getitem__(self, identity: str) -> WorkerNode:
        member = self._fleet.named(identity)
        if member is None or member.state in GONE:
            raise KeyError(identity)
        return WorkerNode(member)

    def __iter__(self) -> Iterator[str]:
        return iter(self._worker_nodes)

    def __len__(self) -> int:
        return sum(1 for member in self._fleet if member.state not in GONE)

    def get_by_state(self, state: str) -> list[WorkerNode]:
        """Return the workers in that state."""
        return [node for node in self._worker_nodes.values() if node.state == state]

    @property
    def all(self) -> list[WorkerNode]:
        """All of them."""
        return list(self._worker_nodes.values())

    @property
    def departed(self) -> list[WorkerNode]:
        """Those that have left, and had a part in the run that goes on, or in the last one."""
        latest = max((member.run for member in self._fleet), default=0)
        gone = (member for member in self._fleet if member.state == "quit" and member.run == latest > 0)
        there = self._worker_nodes
        nodes = {member.identity: WorkerNode(member) for member in gone if member.identity not in there}
        return list(nodes.values())

    @property
    def ready(self) -> list[WorkerNode]:
        """Those that wait for a run."""
        return self.get_by_state(runners.STATE_INIT)

    @property
    def spawning(self) -> list[WorkerNode]:
        """Those whose users come or go."""
        return self.get_by_state(runners.STATE_SPAWNING)

    @property
    def running(self) -> list[WorkerNode]:
        """Those that have all their users."""
        return self.get_by_state(runners.STATE_RUNNING)

    @property
    def missing(self) -> list[WorkerNode]:
        """Those that are silent."""
        return self.get_by_state(runners.STATE_MISSING)
