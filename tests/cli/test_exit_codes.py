import pytest

from swarm_cli.exit_codes import Outcome, resolve


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(), 0),
        (Outcome(failures=3), 1),
        (Outcome(failures=3, invalid=True), 4),
        (Outcome(failures=3, invalid=True, lost_workers=1), 2),
        (Outcome(failures=3, invalid=True, lost_workers=1, missing=5), 3),
        (Outcome(failures=3, invalid=True, lost_workers=1, missing=5, errors=1), 2),
        (Outcome(failures=3, invalid=True, errors=1, process_exit_code=7), 7),
    ],
)
def test_the_weightiest_reason_decides(outcome: Outcome, code: int) -> None:
    assert resolve(outcome, exit_code_on_error=1, require_valid=True) == code


def test_the_locustfile_can_turn_a_failing_run_green() -> None:
    outcome = Outcome(failures=3, errors=1, process_exit_code=0)

    assert resolve(outcome, exit_code_on_error=1, require_valid=False) == 0


def test_an_invalid_run_keeps_its_code_unless_valid_numbers_are_required() -> None:
    assert resolve(Outcome(invalid=True), exit_code_on_error=1, require_valid=False) == 0
    assert resolve(Outcome(invalid=True, failures=1), exit_code_on_error=1, require_valid=False) == 1


def test_the_code_of_failures_can_be_chosen() -> None:
    assert resolve(Outcome(failures=1), exit_code_on_error=0, require_valid=False) == 0
    assert resolve(Outcome(failures=1), exit_code_on_error=42, require_valid=False) == 42
