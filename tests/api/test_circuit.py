"""Who asks a service that is down is told so at once, and one question at a time finds out when it is up."""

import pytest

from api.circuit import Circuit, CircuitOpen


class Away(Exception):
    """The service does not answer."""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    return Circuit("SES", (Away,), clock)


def asked(circuit: Circuit, error: Exception | None = None) -> str:
    """Ask, and return what came of it."""
    try:
        with circuit.attempt():
            if error is not None:
                raise error
    except CircuitOpen as err:
        return f"{err.wait_seconds}"
    except (Away, ValueError):
        return "asked"
    return "answered"


def test_three_failures_in_a_row_end_the_asking_for_a_while(circuit: Circuit) -> None:
    assert [asked(circuit, Away()) for _ in range(5)] == ["asked"] * 3 + ["5"] * 2
    with pytest.raises(CircuitOpen, match=r"^SES does not answer: send this request again after 5 s\.$"):
        circuit.attempt().__enter__()


def test_an_answer_between_them_begins_the_count_anew(circuit: Circuit) -> None:
    for error in (Away(), Away(), None, Away(), Away()):
        asked(circuit, error)
    assert asked(circuit) == "answered"


def test_other_errors_say_nothing_of_the_service(circuit: Circuit) -> None:
    assert [asked(circuit, ValueError()) for _ in range(9)] == ["asked"] * 9


def test_one_probe_at_a_time_decides_for_all(circuit: Circuit, clock: Clock) -> None:
    for _ in range(3):
        asked(circuit, Away())
    clock.now += 5
    with circuit.attempt():
        assert asked(circuit) == "1"
    assert [asked(circuit) for _ in range(3)] == ["answered"] * 3


def test_each_probe_that_fails_doubles_the_rest_up_to_a_bound(circuit: Circuit, clock: Clock) -> None:
    for _ in range(3):
        asked(circuit, Away())
    rests = []
    for _ in range(4):
        rests.append(float(asked(circuit)))
        clock.now += rests[-1]
        assert asked(circuit, Away()) == "asked"
    assert rests == [5, 10, 20, 20]


def test_a_probe_that_was_called_off_leaves_the_next_one_to_try(circuit: Circuit, clock: Clock) -> None:
    for _ in range(3):
        asked(circuit, Away())
    clock.now += 5
    with pytest.raises(KeyboardInterrupt), circuit.attempt():
        raise KeyboardInterrupt
    assert asked(circuit) == "answered"
