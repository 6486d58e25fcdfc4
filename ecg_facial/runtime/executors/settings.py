"""Settings of executors.

Input: names and numbers. Output: checked settings. Imports nothing that runs tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ecg_facial.errors import SettingsError
from ecg_facial.runtime.settings import strict_settings

ExecutorName = Literal["serial", "processes", "ray"]
EXECUTORS: tuple[str, ...] = get_args(ExecutorName)


@strict_settings
@dataclass(frozen=True, kw_only=True)
class ExecutorSettings:
    """Where parallel steps run. Results do not depend on it.

    Attributes
    ----------
    executor : {"serial", "processes", "ray"}
        Where parallel steps run: in this process, in worker processes, or on Ray (extra ``ray``).
    workers : int
        Number of parallel tasks; with 1, ``processes`` works in this process.
    address : str or None
        Ray cluster to join: ``HOST:PORT``, or ``auto`` for the one on this machine. Without it Ray is started here.
    """

    executor: ExecutorName = "processes"
    workers: int = 2
    address: str | None = None

    def __post_init__(self) -> None:
        if self.executor not in EXECUTORS:
            raise SettingsError(f"executor is {self.executor!r}: expected {', '.join(EXECUTORS)}")
        if self.workers < 1:
            raise SettingsError(f"number of workers is {self.workers}: expected at least 1")
        if self.address is not None and self.executor != "ray":
            raise SettingsError(f"address is {self.address!r} with executor {self.executor}: only ray has an address")
