import pytest

from swarm_cli.timespan import format_timespan, parse_timespan


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("300s", 300),
        ("20m", 1200),
        ("3h", 10800),
        ("1h30m", 5400),
        ("1h30m10s", 5410),
        ("45", 45),
        ("0", 0),
        (" 1h 5s ", 3605),
        ("5M", 300),
    ],
)
def test_a_duration_is_read_as_seconds(text: str, seconds: int) -> None:
    assert parse_timespan(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5s", "1.5h", "10x", "m", "5s1h"])
def test_what_is_no_duration_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(ValueError, match="300s, 20m, 3h, 1h30m"):
        parse_timespan(text)


@pytest.mark.parametrize("text", ["45s", "5m", "5m10s", "1h30m", "1h0m5s", "2h"])
def test_a_duration_is_shown_as_it_would_be_typed(text: str) -> None:
    assert format_timespan(parse_timespan(text)) == text
