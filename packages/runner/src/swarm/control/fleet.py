"""The workers that a master has: who is taken in, who is refused, who is missing, and who has left.

A worker is an identity and an incarnation; a routing id of the transport is only where it is heard from now.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from swarm.control.effects import Drop, Log, Send
from swarm.control.member import NOT_THERE, TAKES_USERS, Member
from swarm.control.messages import PROTOCOL, Hello, Quit, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from swarm.control.instructions import Instruction
    from swarm.control.records import WorkerRecord
    from swarm.control.settings import MasterSettings

IMPOSSIBLE = 2**53
"""No run has so many assignments that a worker could have taken one of this number."""
UNKNOWN = Refusal("The master does not know this session; say hello again.", retry=True)


class Fleet:
    """All workers that are there, missing, or have part in the present run."""

    def __init__(self, settings: MasterSettings) -> None:
        self.members: dict[tuple[str, int], Member] = {}
        self._settings = settings
        self._by_peer: dict[bytes, Member] = {}
        self._by_identity: dict[str, Member] = {}
        self._departed: set[tuple[str, int]] = set()
        self._departed_before: set[tuple[str, int]] = set()  # in the run before: their words are old by now
        self._free_indices: list[int] = []
        self._next_index = 0

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members.values())

    def at(self, peer: bytes) -> Member | None:
        """Return the worker that speaks from this routing id."""
        return self._by_peer.get(peer)

    def named(self, identity: str) -> Member | None:
        """Return the worker of this identity, the latest if there were several."""
        return self._by_identity.get(identity)

    def takers(self) -> list[Member]:
        """Return the workers that get a share of the users."""
        return [member for member in self.members.values() if member.state in TAKES_USERS]

    @property
    def there(self) -> int:
        """How many workers are there and can run users."""
        return sum(1 for member in self if member.state not in NOT_THERE)

    def admit(self, now: float, peer: bytes, hello: Hello) -> tuple[Member | None, list[Instruction]]:
        """Take a worker in, for the first time or again, or refuse it; an old hello that comes late is nothing.

        Who has left and is there all the same did not hear that it was free to go.
        """
        key = (hello.identity, hello.incarnation)
        if key in self._departed or key in self._departed_before:
            return None, [Send(peer, Quit(hello.session))] if hello.session else []
        known = self._by_peer.get(peer)
        if hello.applied >= IMPOSSIBLE:
            return None, [Drop("hellos that cannot be", f"{hello.identity} has taken {hello.applied}")]
        if known is not None and known.key != key:  # a connection is one worker's
            return None, [Drop("hellos under another worker's name", f"{known.identity} as {hello.identity}")]
        if hello.protocol != PROTOCOL:
            return None, self._refuse(
                peer,
                hello,
                f"The master (swarm {self._settings.version}) speaks protocol {PROTOCOL}, this worker (swarm "
                f"{hello.version}) speaks {hello.protocol}: install the same version on both.",
            )
        member = self.members.get(key)
        if member is not None:
            if hello.sent_at <= member.hello_at:
                return None, []
            self._attach(member, peer)
            member.hello_at = hello.sent_at
            return member, []
        refusal = self._reason_against(hello)
        if refusal is not None:
            return None, self._refuse(peer, hello, refusal.reason, retry=refusal.retry)
        member = self._add(hello.identity, hello.incarnation, self._take_index(), now)
        self._attach(member, peer)
        member.hello_at = hello.sent_at
        return member, self._compare(hello)

    def restore(self, now: float, run: int, resets: int, record: WorkerRecord) -> Member:
        """Add a worker that a journal names; it counts as missing until it is heard."""
        member = self._add(record.identity, record.incarnation, record.index, now)
        self._next_index = max(self._next_index, record.index + 1)
        member.restore(run, resets, record)
        member.turn("lost")
        return member

    def cannot_reach(self, peer: bytes) -> None:
        """The transport can't reach this routing id any more; what it had said may still be on its way here."""
        member = self._by_peer.get(peer)
        if member is not None:
            member.peer = None

    def depart(self, member: Member) -> list[Instruction]:
        """A worker has said goodbye. It stays in the books of the run that it had part in."""
        self._detach(member)
        self._departed.add(member.key)
        heapq.heappush(self._free_indices, member.index)
        return member.turn("left")

    def begin_run(self, before: int) -> None:
        """Strike off who has left, and who is missing and had no part in the run before either."""
        gone = [
            m
            for m in self.members.values()
            if m.state == "quit" or (m.state == "missing" and m.run != before)
        ]
        for member in gone:
            del self.members[member.key]
            self._detach(member)
            if self._by_identity.get(member.identity) is member:
                del self._by_identity[member.identity]
        self._departed_before, self._departed = self._departed, set()

    def _add(self, identity: str, incarnation: int, index: int, now: float) -> Member:
        member = Member(identity, incarnation, index, now)
        self.members[member.key] = member
        self._by_identity[identity] = member
        return member

    def _attach(self, member: Member, peer: bytes) -> None:
        self._detach(member)
        member.peer = member.heard_from = peer
        self._by_peer[peer] = member

    def _detach(self, member: Member) -> None:
        self._by_peer.pop(member.heard_from, None)
        member.peer, member.heard_from = None, b""

    def _reason_against(self, hello: Hello) -> Refusal | None:
        other = self._by_identity.get(hello.identity)
        if other is not None and other.state not in ("missing", "quit"):
            return Refusal(
                f"Another worker is called {hello.identity} and is alive; this one may come when that one is gone.",
                retry=True,
            )
        capacity = self._settings.capacity
        if capacity is not None and sum(1 for m in self.members.values() if m.is_there) >= capacity:
            return Refusal(
                f"The master can hold {capacity} workers and has them: raise its limit of open files (ulimit -n), "
                "or start it with a higher --expect-workers."
            )
        return None

    def _refuse(self, peer: bytes, hello: Hello, reason: str, *, retry: bool = False) -> list[Instruction]:
        return [
            Send(peer, Refusal(reason, retry)),
            Log("warning", "a worker was refused", {"worker": hello.identity, "reason": reason}),
        ]

    def _compare(self, hello: Hello) -> list[Instruction]:
        ours = self._settings.locustfile
        if not ours or not hello.locustfile or ours == hello.locustfile:
            return []
        return [
            Log(
                "warning",
                "the worker's locustfile is not the master's: start it with -f - to take the master's",
                {"worker": hello.identity},
            )
        ]

    def _take_index(self) -> int:
        if self._free_indices:
            return heapq.heappop(self._free_indices)
        self._next_index += 1
        return self._next_index - 1
