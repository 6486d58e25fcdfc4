"""A board through BrainFlow: its synthetic one, where BrainFlow is installed."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ecg_facial.errors import MissingDependencyError, SourceLostError
from ecg_facial.live.sources.brainflow import BrainFlowSource
from ecg_facial.live.sources.contract import EcgBlock


def test_the_synthetic_board_sends_at_its_rate() -> None:
    pytest.importorskip("brainflow", reason="BrainFlow needs setuptools below 81: pip install 'ecg-facial[brainflow]'")
    board = BrainFlowSource()
    info = board.open()
    assert (info.kind, info.simulated, info.unit) == ("ecg", True, "mV")
    blocks = [block for block in (board.read(0.5) for _ in range(5)) if isinstance(block, EcgBlock)]
    board.close()
    samples = np.concatenate([block.samples for block in blocks])
    assert len(samples) > 0
    assert np.isfinite(samples).all()


def test_without_the_extra_its_name_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brainflow", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'ecg-facial\[brainflow\]'"):
        BrainFlowSource().open()


def test_a_board_that_was_not_opened_gives_nothing() -> None:
    with pytest.raises(SourceLostError, match="is not open"):
        BrainFlowSource().read(0.1)
