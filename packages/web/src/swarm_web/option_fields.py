"""The locustfile's own options as fields of a form: what they are, what they hold, and how a new value gets in.

The rule: the value of a secret option goes in and never out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from swarm_web.orders import Invalid

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from swarm.environment import Environment


class OptionFields:
    """The options that a locustfile declared for the UI, by name."""

    def __init__(self, environment: Environment, actions: Mapping[str, argparse.Action] | None) -> None:
        self._environment = environment
        self._actions = dict(actions or {})

    def fields(self) -> list[dict[str, Any]]:
        """Return all fields as plain values."""
        return [self._field(name, action) for name, action in self._actions.items()]

    def names(self) -> list[str]:
        """Return their names."""
        return list(self._actions)

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that were given, of their types. Raises Invalid."""
        values = {}
        for name, value in given.items():
            if name not in self._actions:
                known = ", ".join(self._actions) or "none"
                raise Invalid("options", f"There is no option {name[:64]!r}; there are: {known}.")
            values[name] = self._value(name, self._actions[name], value)
        for name, action in self._actions.items():
            if getattr(action, "is_required", False):
                value = values.get(name, getattr(self._environment.parsed_options, name, None))
                if value in (None, "", []):
                    raise Invalid("options", f"The option {name} must be filled in.")
        return values

    def take(self, values: Mapping[str, Any]) -> None:
        """Put values into the environment's options."""
        for name, value in values.items():
            setattr(self._environment.parsed_options, name, value)

    def _field(self, name: str, action: argparse.Action) -> dict[str, Any]:
        value = getattr(self._environment.parsed_options, name, None)
        secret = bool(getattr(action, "is_secret", False))
        choices = None if action.choices is None else [str(choice) for choice in action.choices]
        return {
            "name": name,
            "label": name.replace("_", " ").capitalize(),
            "help": action.help or "",
            "type": _kind(action),
            "choices": choices,
            "multiple": bool(getattr(action, "is_multiple", False)) or action.nargs in ("*", "+"),
            "required": bool(getattr(action, "is_required", False)),
            "secret": secret,
            "value": None if secret else _plain(value),
            "is_set": value not in (None, ""),
        }

    def _value(self, name: str, action: argparse.Action, value: Any) -> Any:
        wrong = Invalid("options", f"The value of the option {name} cannot be that.")
        if _kind(action) == "boolean":
            if isinstance(value, str) and value.lower() in ("true", "on", "1", "false", "off", "0", ""):
                return value.lower() in ("true", "on", "1")
            if not isinstance(value, bool):
                raise wrong
            return value
        multiple = action.nargs in ("*", "+") or getattr(action, "is_multiple", False)
        if isinstance(value, list):
            if not multiple:
                raise wrong
            return [self._single(action, each, wrong) for each in value]
        single = self._single(action, value, wrong)
        return [single] if multiple and value is not None else single

    def _single(self, action: argparse.Action, value: Any, wrong: Invalid) -> Any:
        if value is None:
            return None
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise wrong
        convert: Any = action.type or str
        try:
            converted = convert(str(value))
        except Exception as error:  # argparse's own rule: whatever a type raises means a wrong value
            raise wrong from error
        if action.choices is not None and converted not in action.choices:
            raise Invalid(
                "options",
                f"{str(value)[:64]!r} is none of the choices: {', '.join(map(str, action.choices))}.",
            )
        return converted


def _kind(action: argparse.Action) -> str:
    if action.choices is not None:
        return "choice"
    if action.nargs == 0 or isinstance(action.default, bool):
        return "boolean"
    return {int: "integer", float: "number"}.get(action.type, "text")  # type: ignore[call-overload, no-any-return]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value)
