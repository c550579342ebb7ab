"""Locust's form of `/swarm`, read as an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm_web.orders import LoadOrder, StartOrder, load_order, start_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from werkzeug.datastructures import MultiDict

KEYS = frozenset({"user_count", "spawn_rate", "host", "run_time", "user_classes", "shape_class", "profile"})


class FormOrder(StartOrder):
    """A start that may have to be a change of the load instead."""

    __slots__ = ()

    def as_load(self) -> LoadOrder:
        """Return what of it changes the load of a run that goes on."""
        return LoadOrder(self.users, self.rate, self.classes, self.mix)


def order_of(form: MultiDict[str, str], options: Iterable[str]) -> FormOrder:
    """Read the form; keys that are no option of the locustfile's are left out, as Locust does. Raises Invalid."""
    body: dict[str, Any] = {}
    if form.get("user_count"):
        body["users"] = _number(form["user_count"], whole=True)
    if form.get("spawn_rate"):
        body["rate"] = _number(form["spawn_rate"])
    for key in ("host", "profile"):
        if form.get(key):
            body[key] = form[key]
    if "run_time" in form:
        body["run_time"] = form["run_time"] or None
    if form.getlist("user_classes"):
        body["classes"] = form.getlist("user_classes")
    if form.get("shape_class") and form["shape_class"] != "Default":
        body["shape"] = form["shape_class"]
    load_order({key: body[key] for key in ("users", "rate", "classes") if key in body})
    body["options"] = {
        name: form.getlist(name) if len(form.getlist(name)) > 1 else form[name]
        for name in options
        if name in form and name not in KEYS
    }
    order = start_order(body)
    return FormOrder(**{name: getattr(order, name) for name in StartOrder.__dataclass_fields__})


def _number(text: str, *, whole: bool = False) -> float | int | str:
    """Return a number where it is one; what is none is refused later, with its key."""
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if whole and value == int(value) else value
