from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from swarm.transport.secret import Secret, SecretError, find_secret, is_loopback, own_file

WHOLE = Secret(bytes(range(32))).text  # the same in each process that collects these tests


def test_a_secret_written_down_is_read_again() -> None:
    secret = Secret.new()
    assert Secret.parse(f"  {secret.text}\n", "here") == secret
    assert len(secret.key) == 32


def test_a_secret_is_one_word_that_says_what_it_is() -> None:
    assert Secret.new().text.startswith("swarm-secret-")
    assert Secret.new().text.isascii()
    assert len(Secret.new().text.split()) == 1


def test_no_two_secrets_are_the_same_and_none_is_shown() -> None:
    one, other = Secret.new(), Secret.new()
    assert one != other
    assert repr(one) == "Secret()"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "here is empty"),
        ("hunter2", "passwords are not taken"),
        ("swarm-secret-", "is damaged"),
        ("swarm-secret-abc", "is damaged"),
        ("swarm-secret-ümlaut", "is damaged"),
        (WHOLE[:-1], "is damaged"),
        (WHOLE + "A", "is damaged"),
        (WHOLE.replace("swarm-secret-", "swarm-secret-AA"), "is damaged"),
    ],
)
def test_what_is_no_secret_is_refused_with_what_to_do(text: str, words: str) -> None:
    with pytest.raises(SecretError, match=words) as refused:
        Secret.parse(text, "here")
    assert "swarm-cli secret" in str(refused.value)
    if text:
        assert text not in str(refused.value)


def test_every_single_changed_letter_is_noticed() -> None:
    text = Secret.new().text
    for index in range(len("swarm-secret-"), len(text)):
        changed = text[:index] + ("A" if text[index] != "A" else "B") + text[index + 1 :]
        with pytest.raises(SecretError):
            Secret.parse(changed, "here")


class TestWhereItComesFrom:
    def test_a_file_goes_before_the_variable_and_that_before_the_users_own(self, tmp_path: Path) -> None:
        in_file, in_variable = Secret.new(), Secret.new()
        file = tmp_path / "secret"
        file.write_text(in_file.text)
        environ = {"SWARM_SECRET": in_variable.text, "XDG_CONFIG_HOME": str(tmp_path)}
        assert find_secret("127.0.0.1", role="master", secret_file=str(file), environ=environ) == in_file
        assert find_secret("127.0.0.1", role="master", environ=environ) == in_variable
        del environ["SWARM_SECRET"]
        own = find_secret("127.0.0.1", role="master", environ=environ)
        assert own not in (in_file, in_variable)
        assert own_file(environ).read_text().strip() == own.text

    def test_the_users_own_is_made_once_for_the_user_alone(self, tmp_path: Path) -> None:
        environ = {"XDG_CONFIG_HOME": str(tmp_path / "not" / "there")}
        first = find_secret("localhost", role="master", environ=environ)
        assert find_secret("127.0.0.1", role="worker", environ=environ) == first
        assert stat.S_IMODE(own_file(environ).stat().st_mode) == 0o600
        assert os.listdir(own_file(environ).parent) == ["secret"]

    def test_processes_that_make_it_at_once_agree(self, tmp_path: Path) -> None:
        code = (
            "from swarm.transport.secret import find_secret\n"
            "print(find_secret('127.0.0.1', role='worker').text)"
        )
        environ = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
        environ.pop("SWARM_SECRET", None)
        started = [
            subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        printed = {each.communicate()[0] for each in started}
        assert len(printed) == 1
        assert printed.pop().startswith("swarm-secret-")

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602])
    def test_the_users_own_is_refused_when_it_is_open_to_others(self, tmp_path: Path, mode: int) -> None:
        environ = {"XDG_CONFIG_HOME": str(tmp_path)}
        find_secret("::1", role="master", environ=environ)
        own_file(environ).chmod(mode)
        with pytest.raises(SecretError, match=f"chmod 600 {own_file(environ)}"):
            find_secret("::1", role="master", environ=environ)

    def test_a_configuration_folder_that_cannot_be_written_says_what_else_serves(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "swarm").write_text("a file where the folder should be")
        with pytest.raises(SecretError, match="SWARM_SECRET or with --secret-file"):
            find_secret("127.0.0.1", role="master", environ={"XDG_CONFIG_HOME": str(tmp_path)})

    def test_a_relative_configuration_folder_counts_as_none(self) -> None:
        assert own_file({"XDG_CONFIG_HOME": "relative"}) == Path.home() / ".config" / "swarm" / "secret"

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(SecretError, match=r"missing \(No such file"):
            find_secret("127.0.0.1", role="master", secret_file=str(tmp_path / "missing"))

    @pytest.mark.parametrize("host", ["0.0.0.0", "*", "", "::", "192.0.2.1", "load.example"])
    @pytest.mark.parametrize("role", ["master", "worker"])
    def test_beyond_loopback_it_must_be_given(self, host: str, role: str, tmp_path: Path) -> None:
        with pytest.raises(SecretError) as refused:
            find_secret(host, role=role, environ={"XDG_CONFIG_HOME": str(tmp_path)})
        commands = [line.strip() for line in str(refused.value).splitlines() if line.startswith("  ")]
        assert commands == [
            "(umask 077; swarm-cli secret > swarm.secret)",
            f"swarm-cli --{role} --secret-file swarm.secret …",
        ]
        assert not own_file({"XDG_CONFIG_HOME": str(tmp_path)}).exists()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("::", False),
        ("*", False),
        ("localhost.example", False),
        ("10.0.0.1", False),
    ],
)
def test_which_hosts_are_this_machine_alone(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
