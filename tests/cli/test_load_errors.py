import pytest

from swarm_cli.load_errors import describe


def error_of(source: str) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011  any error is to be described
        exec(compile(source, "shop.py", "exec"), {})  # noqa: S102
    return caught.value


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = (1,\n", "shop.py:1: SyntaxError: '(' was never closed\n    x = (1,\n        ^"),
        ("if x:\n\tpass\n        y = 1\n", "shop.py:3: TabError"),
        ("if 1:\n    a = b c\n", "shop.py:2: SyntaxError: invalid syntax\n    a = b c\n          ^"),
    ],
)
def test_a_syntax_error_shows_its_line_and_place(source: str, message: str) -> None:
    assert describe(error_of(source), "shop.py").startswith(message)


def test_other_errors_show_the_users_lines_and_no_others() -> None:
    error = error_of("import json\n\ndef read():\n    json.loads('{')\n\nread()\n")

    text = describe(error, "shop.py")

    assert text.startswith("shop.py could not be loaded: json.decoder.JSONDecodeError: ")
    assert 'File "shop.py", line 4, in read' in text
    assert "json/decoder.py" not in text
