"""Fixtures that every test may use."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fewer_figures import keep_figures
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sharing import make_once
from small_bundle import make_small_bundle

from ecg_facial.prepared.memory import MemoryData
from ecg_facial.runtime.executors.fresh import FreshExecutor
from ecg_facial.runtime.typing import AnyArray
from ecg_facial.windows.settings import WindowSettings
from ecg_facial.windows.window import Window

# One profile: no deadline, no check of how long examples take, so that a busy machine fails nothing.
hypothesis_settings.register_profile("ecg_facial", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("ecg_facial")
LEVELS = ("BL1", "PA1", "PA2", "PA3")
SHARED = Path(__file__).resolve().parents[2] / "shared"


def _is_this_machine(host: object) -> bool:
    """Tell whether a name or an address is this machine's own: a socket can be bound to those alone."""
    if host in ("localhost", "", None):
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
        with socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind((str(host), 0))
    except (OSError, ValueError):
        return False
    return True


def _refuse_other_machines(event: str, arguments: tuple[object, ...]) -> None:
    """Audit hook: no test, and nothing that is tested, may ask another machine for anything."""
    if event == "socket.getaddrinfo" and not _is_this_machine(arguments[0]):
        raise PermissionError(f"a test looked {arguments[0]!r} up: tests stay on this machine")
    if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
        if not _is_this_machine(host):
            raise PermissionError(f"a test connected to {host}: tests stay on this machine")


sys.addaudithook(_refuse_other_machines)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that none of them is alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real ECGs and face clips that lies beside some checkouts; the test skips where it is absent."""
    folder = SHARED / "data"
    if not folder.is_dir():
        pytest.skip("real recordings (shared/data beside the checkout) are not here")
    return folder


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Folder of face models that lies beside some checkouts; the test skips where it is absent."""
    folder = SHARED / "models"
    if not folder.is_dir():
        pytest.skip("face models (shared/models beside the checkout) are not here")
    return folder


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundle of small networks that were never trained: it predicts, at chance. The workers of xdist share it."""
    return make_once(tmp_path_factory, "small bundle", make_small_bundle) / "model"


@pytest.fixture(scope="session")
def fresh() -> Iterator[FreshExecutor]:
    """Executor of fresh processes whose interpreter starts once: every task is a copy of it, in which nothing ran."""
    from ecg_facial.evaluation.audit.refitting import open_fresh

    with open_fresh() as executor:
        yield executor


@pytest.fixture(scope="module")
def shared_fresh(fresh: FreshExecutor) -> Iterator[None]:
    """Let every audit take `fresh`, where how many interpreters are started is not the point: each takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ecg_facial.evaluation.audit.running.open_fresh", lambda *_, **__: nullcontext(fresh))
        yield


@pytest.fixture(scope="module")
def shared_exports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Export equal networks once for all test files that ask for this."""
    from exports import exports_once

    with exports_once(tmp_path_factory):
        yield


@pytest.fixture
def no_figures() -> Iterator[None]:
    """Reports without figures, for tests that look at none."""
    with keep_figures():
        yield


@pytest.fixture
def weights_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bundles whose ONNX files are empty, for tests that predict nothing: an export takes seconds."""
    monkeypatch.setattr("ecg_facial.learning.export._to_onnx", lambda *_, **__: b"")


def draw_trials(rng: np.random.Generator, table: pd.DataFrame, settings: WindowSettings) -> list[Window]:
    """Draw a window per row with pixels and heart rates that follow the level; some frames show no face."""
    step = table["level"].map(LEVELS.index).to_numpy()
    shape = (len(table), settings.n_frames, settings.crop_px, settings.crop_px, 3)
    crops = (rng.integers(0, 40, shape) + 50 * step[:, None, None, None, None]).astype(np.uint8)
    masks = rng.random(shape[:2]) < 0.9
    counts = rng.integers(3, 9, len(table))
    tokens = [(rng.normal(0, 0.3, (n, 3)) + level).astype(np.float32) for level, n in zip(step, counts, strict=True)]
    masks[0], tokens[1] = False, tokens[1][:0]
    return [make_trial(row, *signals) for row, signals in enumerate(zip(crops, masks, tokens, strict=True))]


def make_trial(row: int, crops: AnyArray, mask: AnyArray, tokens: AnyArray) -> Window:
    """Make a window whose beats no other row shares."""
    return Window(
        crops=crops,
        frame_mask=mask,
        frame_times_s=np.arange(len(mask), dtype=np.float32),
        tokens=tokens,
        token_times_s=(0.8 * np.arange(1, len(tokens) + 1)).astype(np.float32),
        r_peak_times_s=np.sort(np.random.default_rng([row, 7]).random(len(tokens) + 1)) * 5.5,
        has_video=True,
        has_ecg=True,
        face_quality=1.0,
        ecg_quality=0.5,
        heart_rate_bpm=75.0,
    )


@pytest.fixture(scope="session")
def make_prepared() -> Callable[..., MemoryData]:
    """Make prepared data in memory: the first row has no face, the second no beats."""

    def make(
        *, n_subjects: int = 4, per_level: int = 2, n_frames: int = 6, crop_px: int = 32, seed: int = 0
    ) -> MemoryData:
        rows = [(f"s{s:02d}", level) for s in range(n_subjects) for level in LEVELS for _ in range(per_level)]
        names = [f"{subject}-{level}-{number:03d}" for number, (subject, level) in enumerate(rows)]
        table = pd.DataFrame(rows, columns=["subject", "level"]).assign(trial=names)
        settings = WindowSettings(n_frames=n_frames, crop_px=crop_px)
        windows = draw_trials(np.random.default_rng(seed), table, settings)
        return MemoryData(windows, table, settings=settings, simulated=True)

    return make
