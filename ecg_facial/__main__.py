"""``python -m ecg_facial``: the same as the command ``ecg-facial``."""

from __future__ import annotations

from ecg_facial.cli.app import main

main()
