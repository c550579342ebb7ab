"""The libraries that the browser loads are those of their packages, byte for byte, with their licences."""

from __future__ import annotations

import hashlib
import tomllib
from importlib.resources import files

VENDOR = files("swarm_web") / "static" / "vendor"
PACKAGES = tomllib.loads((VENDOR / "VENDOR.toml").read_text())["package"]
FREE = {"MIT", "Apache-2.0"}


def test_each_file_is_what_the_manifest_says_and_nothing_else_is_there() -> None:
    listed = {row["file"]: row["sha256"] for package in PACKAGES for row in package["files"]}

    found = {
        entry.name: hashlib.sha256(entry.read_bytes()).hexdigest()
        for entry in VENDOR.iterdir()
        if entry.is_file() and entry.name != "VENDOR.toml"
    }

    assert found == listed


def test_each_package_ships_its_licence_and_can_be_found_again() -> None:
    for package in PACKAGES:
        assert package["licence"] in FREE
        assert len((VENDOR / package["licence_file"]).read_text()) > 500
        assert package["integrity"].startswith("sha512-")
        assert package["version"]


def test_they_fit_the_budget() -> None:
    sizes = [len(entry.read_bytes()) for entry in VENDOR.iterdir() if entry.is_file()]

    assert sum(sizes) <= 100_000
