import pytest

from swarm_cli.options import get_parser
from swarm_cli.unknown_options import REMOVED, describe, describe_setting

KNOWN = [name for action in get_parser()._actions for name in action.option_strings]


@pytest.mark.parametrize(
    ("unknown", "said"),
    [
        (["-c", "100"], "-c was removed from Locust: use -u or --users"),
        (["--no-web"], "--no-web was removed from Locust: use --headless"),
        (["--hatch-rate=5"], "--hatch-rate was removed from Locust: use -r or --spawn-rate"),
        (["--nonsense", "1"], "unrecognized arguments: --nonsense 1"),
        (["--headles"], "unrecognized arguments: --headles (did you mean --headless?)"),
        (
            ["-c", "--nonsense"],
            "-c was removed from Locust: use -u or --users\nunrecognized arguments: --nonsense",
        ),
    ],
)
def test_an_argument_without_option_is_explained(unknown: list[str], said: str) -> None:
    assert describe(unknown, KNOWN) == said


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("no-web", "locust.conf: no-web was removed from Locust: use --headless"),
        ("user", "locust.conf: there is no option 'user' (did you mean users?)"),
        ("colour", "locust.conf: there is no option 'colour'"),
    ],
)
def test_a_key_without_option_is_explained(key: str, said: str) -> None:
    assert describe_setting(key, "locust.conf", KNOWN) == said


def test_names_of_removed_options_are_free_for_locustfiles() -> None:
    parser = get_parser()
    for name in REMOVED:
        parser.add_argument(name)
