"""A training that is killed by SIGKILL at any point of its work, and started again."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from pathlib import Path

import numpy as np
from chaos import times
from killing import copy_process, end_copy
from points import SETTINGS, Net, Points

from ecg_facial.learning.training import fit
from ecg_facial.runtime.executors.fresh import FreshExecutor


def test_a_training_killed_at_random_points_ends_with_the_weights_of_one_that_was_not(
    tmp_path: Path, fresh: FreshExecutor
) -> None:
    n_kills = times(ordinary=5, full=40)
    ((whole, ended),) = fresh.map(train_and_kill, [(tmp_path, n_kills)])
    assert [exit_code for exit_code, _ in ended] == [-signal.SIGKILL] * n_kills
    assert {digest for _, digest in ended} == {whole}
    # they were killed behind a checkpoint, not before there was anything to lose
    assert len(list(tmp_path.glob("*.left"))) > n_kills // 2


def train_and_kill(asked: tuple[Path, int]) -> tuple[str, list[tuple[int, str]]]:
    """Train once to the end, then so many times with a kill; a digest of the weights, and for each kill its own.

    All of it is done by copies of this process.
    """
    folder, n_kills = asked
    process, out = copy_process(lambda out: print(*train(folder / "whole"), file=out))
    n_calls, whole = out.read().split()
    assert end_copy(process) == 0
    rng, ended = np.random.default_rng(0), []
    for number in range(n_kills):
        path, dies_at = folder / str(number), int(rng.integers(1, int(n_calls)))
        process, _ = copy_process(lambda _, path=path, at=dies_at: train(path, dies_at=at))  # type: ignore[misc]
        exit_code = end_copy(process)
        if path.exists():
            (folder / f"{number}.left").touch()
        process, out = copy_process(lambda out, path=path: print(*train(path), file=out))  # type: ignore[misc]
        _, digest = out.read().split()
        assert end_copy(process) == 0
        ended.append((exit_code, digest))
    return whole, ended


def train(checkpoint: Path, *, dies_at: int = 0) -> tuple[int, str]:
    """Train with a checkpoint; the process kills itself at a call of any function, Python's or torch's."""
    n_calls, net = 0, Net()

    def count(_: object, event: str, __: object) -> None:
        nonlocal n_calls
        n_calls += event in ("call", "c_call")
        if n_calls == dies_at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    try:
        result = fit(net, Points(90, seed=0), Points(40, seed=1), settings=SETTINGS, seed=5, checkpoint=checkpoint)
    finally:
        sys.setprofile(None)
    fitted = hashlib.sha256(repr(result).encode())
    for name, value in net.state_dict().items():
        fitted.update(name.encode() + value.numpy().tobytes())
    return n_calls, fitted.hexdigest()
