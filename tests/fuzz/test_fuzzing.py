"""The checks of the fuzzers find what they look for."""

from __future__ import annotations

import numpy as np
import pytest
from fuzzing import attempt, attempt_and_read, make_generator

from ecg_facial.errors import DataError


def fail(error: Exception) -> None:
    raise error


def test_an_error_of_another_library_is_found() -> None:
    with pytest.raises(AssertionError, match="KeyError"):
        attempt(lambda: fail(KeyError("ecg")))


def test_a_message_of_several_lines_is_found() -> None:
    with pytest.raises(AssertionError, match="several lines"):
        attempt(lambda: fail(DataError("one\ntwo")))


def test_an_error_of_this_package_is_an_answer_unless_the_file_is_sound() -> None:
    assert isinstance(attempt(lambda: fail(DataError("x.csv: 3, expected 4; add one"))), DataError)
    with pytest.raises(AssertionError, match="refused: x"):
        attempt_and_read(lambda: fail(DataError("x.csv: 3, expected 4; add one")))


def test_too_much_memory_is_found() -> None:
    with pytest.raises(AssertionError, match="limit 1048576"):
        attempt(lambda: np.ones(1 << 20), most_bytes=1 << 20)
    assert attempt(lambda: np.ones(1 << 10), most_bytes=1 << 20) is not None


def test_a_variant_is_the_same_in_every_run_and_another_in_every_test() -> None:
    drawn = [
        int(make_generator(*place).integers(1 << 30)) for place in (("test_x", 17), ("test_x", 18), ("test_y", 17))
    ]
    assert drawn == [95434209, 340449072, 506366139]
