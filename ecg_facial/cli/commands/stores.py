"""Commands on the store of the monitor.

Input: the file that `monitor` writes. Output: text; what is deleted is deleted for good.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecg_facial.cli.console import say
from ecg_facial.errors import MissingDataError


def sessions(
    store: Annotated[Path, typer.Argument(help="File that the monitor writes.")],
    delete_patient: Annotated[
        str | None, typer.Option(help="Delete everything of this patient for good.", metavar="PATIENT")
    ] = None,
    keep_days: Annotated[
        float | None, typer.Option(min=0.0, help="Delete sessions that ended more than so many days ago, for good.")
    ] = None,
) -> None:
    """List the sessions of a monitor's store, and delete some of them where that is asked for."""
    import time

    from ecg_facial.cli.wording_monitor import describe_sessions
    from ecg_facial.live.store.database import Store

    if not store.is_file():
        raise MissingDataError(f"{store} is not there: name the file that `monitor --store` wrote")
    deletes = delete_patient is not None or keep_days is not None
    with Store(store, read_only=not deletes) as opened:
        if delete_patient is not None:
            number = opened.delete_patient(delete_patient)
            say(f"deleted: {number} session{'s' * (number != 1)} of {delete_patient}")
        if keep_days is not None:
            number = opened.delete_before(time.time() - 86_400.0 * keep_days)
            say(f"deleted: {number} session{'s' * (number != 1)} older than {keep_days:g} days")
        say(describe_sessions(opened.sessions()))
