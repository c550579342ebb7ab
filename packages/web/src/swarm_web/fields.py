"""What a locustfile fills a log-in page with, under Locust's names: plain dictionaries of these keys."""

from __future__ import annotations

from typing import TypedDict


class InputField(TypedDict, total=False):
    """A field of a form."""

    label: str
    name: str
    type: str
    default_value: str | bool | None
    choices: list[str] | None
    is_multiple: bool
    is_secret: bool
    is_required: bool


class CustomForm(TypedDict, total=False):
    """A form of the locustfile's own; it is sent to `callback_url`."""

    inputs: list[InputField]
    callback_url: str
    submit_button_text: str


class AuthProvider(TypedDict, total=False):
    """Another way to log in, as a link."""

    label: str | None
    callback_url: str
    icon_url: str | None


class AuthArgs(TypedDict, total=False):
    """All that a log-in page shows."""

    custom_form: CustomForm
    auth_providers: list[AuthProvider]
    username_password_callback: str
    error: str
    info: str
