"""The secret that master and workers share: how it looks, and where it comes from.

Only what `swarm-cli secret` has made is taken: a key is derived from it, and a derivation does not harden a
password that somebody thought of.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import ipaddress
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from swarm.exceptions import SwarmError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "SWARM_SECRET"
_PREFIX = "swarm-secret-"
_BYTES = 32
_CHECKSUM_BYTES = 4
_MAX_FILE = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretError(SwarmError):
    """There is no secret, or it is not one; its text gives the commands to run."""


@dataclass(frozen=True, slots=True)
class Secret:
    """32 random bytes; `text` is how they are written down."""

    key: bytes = field(repr=False)

    @classmethod
    def new(cls) -> Secret:
        """Make a secret from the system's randomness."""
        return cls(secrets.token_bytes(_BYTES))

    @classmethod
    def parse(cls, text: str, where: str) -> Secret:
        """Return the secret that a text is; raises SecretError, which names `where` it was and not what it was."""
        written = text.strip()
        if not written:
            raise SecretError(f"{where} is empty: put there what `swarm-cli secret` prints.")
        if not written.startswith(_PREFIX):
            raise SecretError(
                f"{where} holds no secret of Swarm, which begins with {_PREFIX!r}: passwords are not taken, "
                "make a secret with `swarm-cli secret`."
            )
        try:
            raw = base64.b64decode(written[len(_PREFIX) :], altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        key, checksum = raw[:_BYTES], raw[_BYTES:]
        if len(key) != _BYTES or checksum != _checksum(key):
            raise SecretError(
                f"the secret in {where} is damaged, it is cut off or mistyped: copy it again, or make another "
                "with `swarm-cli secret`."
            )
        return cls(key)

    @property
    def text(self) -> str:
        """The secret as `swarm-cli secret` prints it, in one word of ASCII."""
        return _PREFIX + base64.urlsafe_b64encode(self.key + _checksum(self.key)).decode()


def find_secret(
    host: str,
    *,
    role: str,
    secret_file: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Secret:
    """Return the secret for a `role` ("master" or "worker") that listens on, or connects to, `host`.

    It is in `secret_file`, else in the variable SWARM_SECRET, else, for a loopback address, in a file of the
    user's own, which is made at first use. Raises SecretError with what to do.
    """
    environment = os.environ if environ is None else environ
    if secret_file:
        return Secret.parse(_read(Path(secret_file), f"--secret-file {secret_file}"), secret_file)
    if VARIABLE in environment:
        return Secret.parse(environment[VARIABLE], f"the variable {VARIABLE}")
    if is_loopback(host):
        return _own(own_file(environment))
    raise SecretError(_refusal(host, role))


def is_loopback(host: str) -> bool:
    """Whether an address, or the name localhost, is reached from this machine alone."""
    name = host.strip("[]").lower()
    if name in ("localhost", "ip6-localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def own_file(environ: Mapping[str, str] | None = None) -> Path:
    """Return the path of the user's own secret: $XDG_CONFIG_HOME/swarm/secret, or ~/.config/swarm/secret."""
    environment = os.environ if environ is None else environ
    folder = environment.get("XDG_CONFIG_HOME", "")
    base = Path(folder) if os.path.isabs(folder) else Path.home() / ".config"
    return base / "swarm" / "secret"


def _own(path: Path) -> Secret:
    if not path.exists():
        _make(path)
    text = _read(path, str(path))
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        raise SecretError(
            f"others can read or change the secret in {path} (its mode is {mode:04o}): run\n"
            f"  chmod 600 {path}\n"
            f"or, when somebody may have read it, remove the file: a new one is made at the next start."
        )
    return Secret.parse(text, str(path))


def _make(path: Path) -> None:
    """Write a new secret, unless another process was faster: then its secret holds."""
    draft = path.with_name(f".secret.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(Secret.new().text + "\n")
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)  # complete, or not there
        finally:
            draft.unlink()
    except OSError as error:
        raise SecretError(
            f"cannot make a secret in {path} ({error.strerror}): make one with `swarm-cli secret` and give it "
            f"as {VARIABLE} or with --secret-file to the master and to each worker."
        ) from error


def _read(path: Path, where: str) -> str:
    try:
        with path.open(encoding="ascii", errors="replace") as file:
            return file.read(_MAX_FILE)
    except OSError as error:
        raise SecretError(
            f"cannot read the secret in {where} ({error.strerror}): name a file that holds what "
            "`swarm-cli secret` prints."
        ) from error


def _refusal(host: str, role: str) -> str:
    if role == "master":
        begin = f"The master is to listen on {host}, which other machines reach"
        command = "swarm-cli --master --secret-file swarm.secret …"
        then = "Copy the file to the machines of the workers and give it there, too"
    else:
        begin = f"The worker is to connect to {host}, another machine"
        command = "swarm-cli --worker --secret-file swarm.secret …"
        then = "The file is the one of the master: copy it from there if it has one"
    return (
        f"{begin}, so a secret is needed that master and workers share. Run\n"
        "  (umask 077; swarm-cli secret > swarm.secret)\n"
        f"  {command}\n"
        f"{then} (or set {VARIABLE} to what is in it)."
    )


def _checksum(key: bytes) -> bytes:
    return hashlib.sha256(b"swarm secret" + key).digest()[:_CHECKSUM_BYTES]
