"""Networks that are exported once in a test run: equal ones give equal files, and an export takes seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from sharing import make_once
from torch import Tensor, nn

from ecg_facial.evaluation.benchmark.pipelines import hash_module
from ecg_facial.learning import export as exporting


@contextmanager
def exports_once(factory: pytest.TempPathFactory) -> Iterator[None]:
    """Take the ONNX file of a network from an export of the same one, where this test run has made it before."""
    export = exporting._to_onnx

    def export_once(
        module: nn.Module, inputs: Mapping[str, Tensor], dynamic: Mapping[str, object], *, output: str
    ) -> bytes:
        shapes = {name: tuple(value.shape) for name, value in inputs.items()}
        # the text of a module tells its layers and their settings, the hash its weights
        key = sha256(repr((str(module), hash_module(module), shapes, dynamic, output)).encode()).hexdigest()

        def make(folder: Path) -> None:
            (folder / "network.onnx").write_bytes(export(module, inputs, dynamic, output=output))

        return (make_once(factory, f"export {key}", make) / "network.onnx").read_bytes()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, "_to_onnx", export_once)
        yield
