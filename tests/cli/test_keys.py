from types import SimpleNamespace

import pytest

from swarm_cli.keys import OPEN, PAUSE, STEPS, Keys


class FakeRunner:
    """Records what it is asked for."""

    def __init__(self, target: int, *, follows_shape: bool = False) -> None:
        self.target_user_count = target
        self.shape_greenlet = object() if follows_shape else None
        self.lifecycle = self
        self.environment = SimpleNamespace(web_ui=None)
        self.state = "running"
        self.asked: list[tuple[int, float]] = []

    def start(self, user_count: int, spawn_rate: float) -> None:
        self.asked.append((user_count, spawn_rate))

    def pause(self) -> None:
        self.state = "paused"

    def resume(self) -> None:
        self.state = "running"


def pressed(keys: str, target: int, *, follows_shape: bool = False) -> list[int]:
    runner = FakeRunner(target, follows_shape=follows_shape)
    Keys(runner).press(keys)  # type: ignore[arg-type]  # all of a runner that keys need
    return [users for users, _ in runner.asked]


def test_keys_change_the_target_by_one_and_by_ten() -> None:
    assert pressed("w", 5) == [6]
    assert pressed("W", 5) == [15]
    assert pressed("s", 5) == [4]
    assert pressed("S", 25) == [15]


def test_keys_pressed_together_are_one_step() -> None:
    assert pressed("wwW", 5) == [17]


def test_there_are_never_fewer_than_no_users() -> None:
    assert pressed("S", 3) == [0]


def test_other_keys_and_load_shapes_change_nothing() -> None:
    assert pressed("x\x1b[A\x1bOS", 5) == []
    assert pressed("w", 5, follows_shape=True) == []


def test_p_pauses_and_goes_on_beside_a_load_shape_too() -> None:
    runner = FakeRunner(5, follows_shape=True)
    keys = Keys(runner)  # type: ignore[arg-type]  # all of a runner that keys need

    keys.press("p")
    assert runner.state == "paused"
    keys.press("pp")
    assert runner.state == "paused"
    keys.press("xp")
    assert runner.state == "running"
    assert runner.asked == []


@pytest.mark.parametrize(("screen", "opened"), [({"DISPLAY": ":0"}, ["http://127.0.0.1:8089/"]), ({}, [])])
def test_enter_opens_the_browser_ui_where_there_is_a_screen(
    screen: dict[str, str],
    opened: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: asked.append(url) is None)
    monkeypatch.setattr("os.environ", screen)
    caplog.set_level("INFO")
    runner = FakeRunner(5)
    keys = Keys(runner)  # type: ignore[arg-type]  # all of a runner that keys need

    keys.press("\n")
    assert asked == []
    runner.environment.web_ui = SimpleNamespace(url="http://127.0.0.1:8089/")
    keys.press("\r")

    assert asked == opened
    assert ("the browser UI is at http://127.0.0.1:8089/" in caplog.text) is (not opened)
    assert runner.asked == []


def test_no_key_of_locusts_has_another_meaning() -> None:
    assert STEPS == {"w": 1, "W": 10, "s": -1, "S": -10}
    assert set("\r\n") == OPEN
    assert PAUSE not in {*STEPS, *OPEN}
