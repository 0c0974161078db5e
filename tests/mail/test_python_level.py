"""The corrections of Python that our filters rest on are tried, and what is missing is said in a sentence."""

import sys

import pytest

from mail import python_level
from mail.python_level import Pattern


@pytest.mark.skipif(
    sys.version_info < (3, 11, 5), reason="corrected in 3.11.5; distributions may have it before"
)
def test_a_corrected_python_has_no_weakness() -> None:
    assert python_level.weaknesses() == []


def test_a_python_that_matches_otherwise_is_named_with_the_version_that_helps() -> None:
    # What 3.11.2 takes the pattern to match.
    (sentence,) = python_level.weaknesses([Pattern("(?:ab?c)*+", "aca", 3)])
    assert sentence.startswith("Python 3.")
    assert sentence.endswith("upgrade to Python 3.11.5 or later.")


def test_a_pattern_that_matches_nothing_does_not_hold() -> None:
    assert not Pattern("b", "a", 0).holds()
