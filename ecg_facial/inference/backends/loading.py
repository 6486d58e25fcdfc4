"""Open a bundle's networks with an engine, by its name.

Input: a bundle and the name of an engine. Output: `Networks`. An engine is imported only when it is asked for.
"""

from __future__ import annotations

from importlib import import_module

from ecg_facial.errors import SettingsError
from ecg_facial.inference.backends.contract import Networks
from ecg_facial.inference.bundle import Bundle

# module and class, each called as ``Class(bundle, threads=...)``
ENGINES = {"onnx": ("ecg_facial.inference.backends.onnx", "OnnxNetworks")}


def load_networks(bundle: Bundle, *, engine: str = "onnx", threads: int = 0) -> Networks:
    """Open the networks of a bundle.

    Parameters
    ----------
    bundle : Bundle
    engine : {"onnx"}
    threads : int
        Threads per network; with 0 the engine chooses.

    Returns
    -------
    Networks

    Raises
    ------
    SettingsError
        For an unknown engine.
    BundleError
        When a network is missing or cannot be opened.
    """
    if engine not in ENGINES:
        raise SettingsError(f"unknown engine {engine!r}: expected {' or '.join(ENGINES)}")
    module, name = ENGINES[engine]
    networks: Networks = getattr(import_module(module), name)(bundle, threads=threads)
    return networks
