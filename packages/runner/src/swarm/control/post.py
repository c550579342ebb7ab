"""The users' own messages on the master: to one worker or to all, and from each once and in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from swarm.control.effects import DeliverCustom, Log, Send
from swarm.control.messages import Custom, CustomReceived

if TYPE_CHECKING:
    from swarm.control.fleet import Fleet
    from swarm.control.happenings import CustomAsked
    from swarm.control.instructions import Instruction
    from swarm.control.member import Member
    from swarm.control.voice import Voice


class Post:
    """Takes messages to the workers of `fleet` and from them."""

    def __init__(self, session: str, fleet: Fleet, voice: Voice) -> None:
        self._session = session
        self._fleet = fleet
        self._voice = voice

    def send(self, now: float, asked: CustomAsked) -> list[Instruction]:
        """Send a message; whoever is missing gets it when it is back."""
        if asked.identity is None:
            receivers = [m for m in self._fleet if m.state not in ("quit", "connecting")]
        else:
            named = self._fleet.named(asked.identity)
            receivers = [named] if named is not None and named.state != "quit" else []
            if not receivers:
                details = {"worker": asked.identity, "type": asked.type}
                return [Log("warning", "no such worker: the message goes nowhere", details)]
        effects: list[Instruction] = []
        for member in receivers:
            member.outbox.add(asked.type, asked.data)
            effects += self._voice.customs(now, member)
        return effects

    def take(self, member: Member, message: Custom) -> list[Instruction]:
        """Take a worker's message, and say how far its messages have come."""
        effects: list[Instruction] = []
        if member.inbox.take(message.number):
            effects.append(DeliverCustom(member.identity, message.type, message.data))
        if member.peer is not None:
            effects.append(Send(member.peer, CustomReceived(self._session, member.inbox.delivered)))
        return effects
