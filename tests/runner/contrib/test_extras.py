"""The modules under Locust's names, and what each says when its library is not installed."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import swarm.compat.locust  # noqa: F401

NAMES = {
    "csv_request_logger": ("CSV_COLUMNS", "CsvRequestLogger"),
    "dns": ("DNSClient", "DNSUser"),
    "mongodb": ("MongoDBClient", "MongoDBUser"),
    "mqtt": ("MqttClient", "MqttUser"),
    "oai": ("OpenAIClient", "OpenAIUser"),
    "postgres": ("PostgresClient", "PostgresUser"),
    "socketio": ("SocketIOClient", "SocketIOUser"),
}
LIBRARIES = {
    "dns": ("dns", "dns"),
    "mongodb": ("pymongo", "mongodb"),
    "mqtt": ("paho", "mqtt"),
    "oai": ("openai", "openai"),
    "postgres": ("psycopg", "postgres"),
    "socketio": ("socketio", "socketio"),
}

WITHOUT_LIBRARIES = """
import importlib, sys
import swarm

class Hides:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Hides())
for name in {modules!r}:
    try:
        importlib.import_module("swarm.contrib." + name)
    except ImportError as error:
        print(name, error)
import swarm.contrib.csv_request_logger
"""


@pytest.mark.parametrize("module", NAMES)
def test_locusts_names_are_ours(module: str) -> None:
    theirs, ours = (importlib.import_module(f"{package}.contrib.{module}") for package in ("locust", "swarm"))
    for name in NAMES[module]:
        assert getattr(theirs, name) is getattr(ours, name)


def test_a_library_that_is_missing_is_named_with_its_extra() -> None:
    hidden = {library for library, _ in LIBRARIES.values()}
    text = WITHOUT_LIBRARIES.format(hidden=hidden, modules=list(LIBRARIES))
    said = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=100
    )
    lines = dict(line.split(" ", 1) for line in said.stdout.splitlines())
    assert list(lines) == list(LIBRARIES)
    for module, (library, extra) in LIBRARIES.items():
        assert f"swarm.contrib.{module} needs {library}" in lines[module]
        assert f"pip install 'swarm-runner[{extra}]'" in lines[module]


def test_importing_swarm_imports_no_library_of_an_extra() -> None:
    libraries = {library for library, _ in LIBRARIES.values()}
    text = f"import sys, swarm, swarm.contrib; print(sorted({libraries!r} & set(sys.modules)))"
    said = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=100
    )
    assert said.stdout == "[]\n"
