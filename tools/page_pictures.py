"""Take pictures of the dashboard: ``python tools/page_pictures.py FOLDER``.

Input: states made by hand, shown by the real service to the machine's Chromium. Output: a picture of each state, of the
wall and of a lost connection, on a screen and on a phone, dark and light; ``dashboard.jpg`` is the one of the
documentation. Everything in them is SIMULATED. They are looked at by a person, and compared with nothing.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "helpers"))

from real_browser import Bedside, open_browser
from ward_page import PageWard, make_states, serve_page

from ecg_facial.example import load_example
from ecg_facial.face.detectors.loading import load_detector
from ecg_facial.face.frames import RgbFrame
from ecg_facial.face.video import read_frames
from ecg_facial.live.signals import LivePicture
from ecg_facial.live.state import PatientState

SIZES = {"screen": {"width": 1920, "height": 1080}, "phone": {"width": 390, "height": 844}}
DOCS_SIZE = {"width": 1440, "height": 900}
WALL = ("running", "pain alarm", "face covered", "paused and off")
# until the sweep of the ECG has filled its strip
SWEEP_MS = 9000


class Film:
    """The SIMULATED face that comes with the package, over and over, with the boxes of the detector."""

    def __init__(self) -> None:
        detector = load_detector()
        self._shown = []
        for frame in read_frames(load_example().video):
            image, _ = frame.small_rgb(max(frame.width, frame.height))
            faces = detector.detect(frame)
            self._shown.append((image, tuple(map(float, faces[0].box)) if faces else None, frame.time_s))

    def __call__(self, state: PatientState, time_s: float) -> LivePicture:
        """Give the picture of a time; a cloth where the face is covered."""
        image, box, _ = self._shown[int(25 * time_s) % len(self._shown)]
        if state.last is not None and state.last.face_state != "ok":
            image, box = np.full_like(image, (120, 128, 140)), None
        return LivePicture(frame=RgbFrame(image, time_s), box=box)


def take(bedside: Bedside, page: Any, path: Path, *states: PatientState, **options: Any) -> None:
    """Show states to a page and take its picture."""
    bedside.show(*states, page=page)
    page.wait_for_timeout(SWEEP_MS)
    page.screenshot(path=path, **options)
    print(path)


def main(folder: Path) -> None:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    ward, states = PageWard(Film()), make_states()
    with open_browser() as browser, serve_page(ward) as (address, token, links):
        bedside = Bedside(browser, ward, address=address, token=token, links=links)
        bedside.page.close()
        for (size, viewport), scheme in product(SIZES.items(), ("dark", "light")):
            page = bedside.open_page(viewport=viewport, color_scheme=scheme)
            for name, state in states.items():
                take(bedside, page, folder / f"{name}, {size}, {scheme}.png", state, full_page=size == "phone")
            four = [replace(states[name], patient=f"SIM-{place}") for place, name in enumerate(WALL)]
            take(bedside, page, folder / f"wall, {size}, {scheme}.png", *four, full_page=size == "phone")
            page.keyboard.press("r")
            page.screenshot(path=folder / f"rating, {size}, {scheme}.png")
            page.keyboard.press("Escape")
            page.keyboard.press("?")
            page.screenshot(path=folder / f"help, {size}, {scheme}.png")
            page.close()
        page = bedside.open_page(viewport=DOCS_SIZE, color_scheme="dark")
        page.mouse.click(1, 1)
        take(bedside, page, folder / "dashboard.jpg", states["pain alarm"], type="jpeg", quality=72)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    main(parser.parse_args().folder)
