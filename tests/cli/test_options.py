import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from swarm_cli.options import OURS, get_parser, locustfile_parser, parse_options
from swarm_cli.parser import Options


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)


def parse(*args: str) -> Options:
    return parse_options(list(args))


def error_of(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    with pytest.raises(SystemExit) as ended:
        parse(*args)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


def test_the_defaults_are_locusts() -> None:
    options = parse()

    assert options.num_users is None
    assert options.spawn_rate is None
    assert options.run_time is None
    assert options.exit_code_on_error == 1
    assert options.stop_timeout == 0
    assert options.loglevel == "INFO"
    assert not options.headless
    assert options.user_classes == []


def test_values_are_read_as_what_they_are() -> None:
    options = parse("-u", "50", "-r", "0.5", "-t", "1h30m", "-s", "2.5", "-L", "debug", "Buyer", "Seller")

    assert (options.num_users, options.spawn_rate, options.run_time) == (50, 0.5, 5400)
    assert options.stop_timeout == 2.5
    assert options.loglevel == "DEBUG"
    assert options.user_classes == ["Buyer", "Seller"]


def test_users_and_num_users_are_one_value() -> None:
    options = parse("-u", "5")
    options.num_users = 7
    assert options.users == 7
    options.users = 9
    assert options.num_users == 9


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["-u", "-1"], "'-1' is no whole number of at least 0"),
        (["-u", "many"], "'many' is no whole number of at least 0"),
        (["-r", "0"], "'0' is no number above 0"),
        (["-r", "-3"], "'-3' is no number above 0"),
        (["-r", "nan"], "'nan' is no number above 0"),
        (["--run-time=-5s"], "'-5s' is no duration"),
        (["-t", "soon"], "'soon' is no duration"),
        (["-s", "-1"], "'-1' is no"),
        (["-L", "LOUD"], "invalid choice: 'LOUD'"),
        (["--exit-code-on-error", "300"], "'300' is no whole number from 0 to 255"),
        (["-P", "70000"], "'70000' is no whole number from 0 to 65535"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = error_of(capsys, *args)

    assert said in message
    assert args[0].partition("=")[0] in message
    assert len(message.splitlines()) == 2


def test_an_unknown_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "unrecognized arguments: --nonsense" in error_of(capsys, "--nonsense")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--slave"], "--slave was removed from Locust: use --worker"),
        (["--expect-slaves", "2"], "--expect-slaves was removed from Locust: use --expect-workers"),
        (["--no-web"], "--no-web was removed from Locust: use --headless"),
        (["-c", "100", "-r", "2"], "-c was removed from Locust: use -u or --users"),
        (["--legacy-ui"], "--legacy-ui was removed from Locust: leave it out"),
        (["--web-auth", "me:sesame"], "--web-auth was removed from Locust: use --web-login"),
    ],
)
def test_an_option_that_is_no_longer_served_says_what_to_do(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = error_of(capsys, *args)

    assert message.startswith(f"swarm-cli: error: {said}")
    assert len(message.splitlines()) == 2


def test_an_option_that_is_no_longer_served_is_noticed_in_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOCUST_LEGACY_UI", "false")
    parse()
    monkeypatch.setenv("LOCUST_WEB_AUTH", "me:sesame")

    message = error_of(capsys)

    assert "--web-auth was removed" in message
    assert "sesame" not in message


def test_the_environment_is_read_under_both_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCUST_USERS", "5")
    monkeypatch.setenv("SWARM_SPAWN_RATE", "3")
    assert (parse().num_users, parse().spawn_rate) == (5, 3)

    monkeypatch.setenv("SWARM_USERS", "6")
    assert parse().num_users == 6
    assert parse("-u", "7").num_users == 7


@pytest.mark.parametrize("value", ["a b", "[a, b]", '["a", "b"]'])
def test_a_list_in_the_environment_may_be_written_in_several_ways(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCUST_TAGS", value)

    options = parse("--headless", "Buyer")

    assert options.tags == ["a", "b"]
    assert options.user_classes == ["Buyer"]


@pytest.mark.parametrize(
    ("value", "objects"),
    [('{"weight": 1}', 1), ('[{"weight": 1}, {"weight": 2}]', 2), ("one.json two.json", 2)],
)
def test_settings_of_users_pass_through_the_environment_whole(
    value: str, objects: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCUST_CONFIG_USERS", value)

    settings = parse().config_users

    assert len(settings) == objects
    assert settings[0] in ('{"weight": 1}', "one.json")


def test_later_sources_win_over_earlier_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def host() -> str | None:
        value: str | None = parse("--config", "extra.conf").host
        return value

    (tmp_path / "extra.conf").write_text("")
    (tmp_path / "home" / ".locust.conf").write_text("host = http://home-locust\n")
    assert host() == "http://home-locust"
    (tmp_path / "home" / ".swarm.conf").write_text("host = http://home-swarm\n")
    assert host() == "http://home-swarm"
    (tmp_path / "locust.conf").write_text("host: http://locust-conf\n")
    assert host() == "http://locust-conf"
    (tmp_path / "swarm.conf").write_text("host = http://swarm-conf\n")
    assert host() == "http://swarm-conf"
    (tmp_path / "pyproject.toml").write_text('[tool.locust]\nhost = "http://tool-locust"\n')
    assert host() == "http://tool-locust"
    (tmp_path / "pyproject.toml").write_text(
        '[tool.swarm]\nhost = "http://tool-swarm"\n[tool.locust]\nhost = "http://tool-locust"\n'
    )
    assert host() == "http://tool-swarm"
    (tmp_path / "extra.conf").write_text("host = http://extra\n")
    assert host() == "http://extra"
    monkeypatch.setenv("LOCUST_HOST", "http://environment")
    assert host() == "http://environment"
    assert parse("--config", "extra.conf", "-H", "http://command-line").host == "http://command-line"


def test_files_hold_flags_lists_and_numbers(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.swarm]\nheadless = true\nonly-summary = false\nusers = 20\n"
        'spawn-rate = 2.5\ntags = ["a", "b"]\n'
    )
    options = parse()

    assert options.headless
    assert not options.only_summary
    assert (options.num_users, options.spawn_rate, options.tags) == (20, 2.5, ["a", "b"])


def test_an_unknown_setting_is_named_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "locust.conf").write_text("users = 5\nhosst = http://x\n")

    assert "locust.conf: there is no option 'hosst'" in error_of(capsys)


def test_a_file_that_is_no_toml_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.swarm\n")

    assert "pyproject.toml is no valid TOML" in error_of(capsys)


def test_a_missing_config_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "gone.conf" in error_of(capsys, "--config", "gone.conf")


def test_the_locustfile_is_found_before_other_options_are_known() -> None:
    options, _ = locustfile_parser().parse_known_args(["--own", "x", "-f", "a.py,b.py", "-c", "--users", "5"])

    assert options.locustfile == "a.py,b.py"


def test_the_locustfile_may_be_named_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "locust.conf").write_text("locustfile = from_conf.py\nusers = 5\nown-option = 1\n")

    options, _ = locustfile_parser().parse_known_args([])

    assert options.locustfile == "from_conf.py"


def test_help_has_every_group(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse("--help")
    text = capsys.readouterr().out

    assert ended.value.code == 0
    for group in ("Common", "Browser UI", "Master", "Worker", "Tag", "Statistics", "Logging", "Other"):
        assert f"{group} options:" in text
    assert "--otel" in text
    assert "SWARM_USERS" in text


def test_options_of_a_locustfiles_own_take_the_keywords_of_the_ui() -> None:
    parser = get_parser()
    parser.add_argument("--token", is_secret=True, env_var="SHOP_TOKEN")
    parser.add_argument("--hidden", include_in_web_ui=False)
    group = parser.add_argument_group("Shop")
    group.add_argument("--shop", choices=["a", "b"], is_required=True, is_multiple=True)
    group.add_argument("--fast", action=argparse.BooleanOptionalAction)

    assert set(parser.args_included_in_web_ui) == {"token", "shop", "fast"}
    assert set(parser.secret_args_included_in_web_ui) == {"token"}
    assert set(parser.required_args_included_in_web_ui) == {"shop"}
    assert set(parser.multiple_args_included_in_web_ui) == {"shop"}


def test_an_option_of_a_locustfiles_own_reads_its_variable_and_the_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "locust.conf").write_text("my-shop = from-file\n")
    monkeypatch.setenv("SHOP_TOKEN", "from-environment")
    parser = get_parser()
    parser.add_argument("--token", env_var="SHOP_TOKEN")
    parser.add_argument("--my-shop")

    options = parser.parse_args([])

    assert (options.token, options.my_shop) == ("from-environment", "from-file")


def words(text: str) -> list[str]:
    return text.split()


TAKEN_BY_LOCUSTFILES = words("""
    --step-time --step-users --start-users --max-users --iterations --pacing --qps --burst --stream --token
    --headers --endpoint --dataset --run-id --workers --debug --max-fail-ratio --min-requests --size --type
    --duration -i -k -m -n -o -p -d -c
""")
"""Names of options that public locustfiles declare."""
LOCUSTS = words("""
    -f --locustfile --config -H --host -u --users -r --spawn-rate -t --run-time -l --list --config-users
    --web-host --web-host-display-name --web-port -P --headless --autostart --autoquit --headful --web-auth
    --web-login --tls-cert --tls-key --class-picker --build-path --legacy-ui --web-base-path --master
    --master-bind-host --master-bind-port --expect-workers --expect-workers-max-wait --enable-rebalancing
    --expect-slaves --worker --processes --slave --master-host --master-port -T --tags -E --exclude-tags --csv
    --csv-full-history --print-stats --only-summary --reset-stats --html --json --json-file --skip-log-setup
    --loglevel -L --logfile --show-task-ratio --show-task-ratio-json --version -V --exit-code-on-error -s
    --stop-timeout --equal-weights --profile --otel -h --help
""")
"""Names that are Locust's own, and so were never free for locustfiles."""


@pytest.mark.parametrize("name", TAKEN_BY_LOCUSTFILES)
def test_names_that_locustfiles_take_are_free(name: str) -> None:
    get_parser().add_argument(name, default="theirs")

    # Nor may one of ours be mistaken for an abbreviation of it.
    assert not any(ours.startswith(name) for ours in OURS if name.startswith("--"))


def test_there_are_locusts_options_and_few_more() -> None:
    names = {name for action in get_parser()._actions for name in action.option_strings}

    assert names == set(LOCUSTS) | OURS


@pytest.mark.parametrize(
    ("declared", "given"),
    [({"choices": ["a", "b"]}, "sesame"), ({"type": int}, "sesame"), ({"type": [].index}, "sesame")],
)
def test_an_error_about_a_secret_does_not_show_it(
    declared: dict[str, Any], given: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", given)
    parser = get_parser()
    parser.add_argument("--token", is_secret=True, env_var="SHOP_TOKEN", **declared)

    with pytest.raises(SystemExit):
        parser.parse_args([])

    message = capsys.readouterr().err
    assert "argument --token: its value cannot be used" in message
    assert given not in message


@pytest.mark.parametrize(
    ("setting", "value"), [("true", True), ("false", False), ("yes", True), ("no", False)]
)
def test_a_pair_of_flags_reads_its_variable_and_the_files(
    setting: str, value: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fast(*args: str) -> bool | None:
        parser = get_parser()
        parser.add_argument("--fast", action=argparse.BooleanOptionalAction, env_var="SHOP_FAST")
        found: bool | None = parser.parse_args(list(args)).fast
        return found

    assert (fast(), fast("--fast"), fast("--no-fast")) == (None, True, False)
    (tmp_path / "locust.conf").write_text(f"fast = {setting}\n")
    assert fast() is value
    assert fast("--fast") is True
    assert fast("--no-fast") is False
    (tmp_path / "locust.conf").unlink()
    monkeypatch.setenv("SHOP_FAST", setting)
    assert fast() is value


def test_a_locustfile_may_take_a_configuration_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "shop.conf").write_text("users = 7\nshop = big\n")
    parser = get_parser()
    parser.add_argument("--shop-config", is_config_file_arg=True)
    parser.add_argument("--shop")

    options = parser.parse_args(["--shop-config", "shop.conf"])

    assert (options.num_users, options.shop) == (7, "big")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "pyproject.toml",
            '[tool.locust]\nconfig-users = [{user_class_name = "A", weight = 1}, {user_class_name = "B"}]\n',
        ),
        (
            "pyproject.toml",
            '[[tool.swarm.config-users]]\nuser_class_name = "A"\nweight = 1\n'
            '[[tool.swarm.config-users]]\nuser_class_name = "B"\n',
        ),
        ("locust.conf", 'config-users = [{"user_class_name": "A", "weight": 1}, {"user_class_name": "B"}]\n'),
    ],
)
def test_settings_of_users_may_stand_in_a_configuration_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)

    first, second = map(json.loads, parse().config_users)

    assert first == {"user_class_name": "A", "weight": 1}
    assert second == {"user_class_name": "B"}


def test_one_object_of_settings_may_stand_in_toml(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.swarm]\nconfig-users = {user_class_name = "A"}\n')

    assert [json.loads(item) for item in parse().config_users] == [{"user_class_name": "A"}]


def test_a_toml_file_of_its_own_needs_no_table(tmp_path: Path) -> None:
    (tmp_path / "extra.toml").write_text('users = 5\ntags = ["a", "b"]\n')
    (tmp_path / "pyproject.toml").write_text('users = 9\n[project]\nname = "shop"\n')

    options = parse("--config", "extra.toml")

    assert (options.num_users, options.tags) == (5, ["a", "b"])
