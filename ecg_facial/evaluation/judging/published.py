"""Published results on BioVid Part A, leave-one-subject-out, with what is known of how they were reached.

Enters: nothing. Leaves: records. Second-hand figures were read in works that quote them; none was measured by us.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

IMPLAUSIBLE_POINTS = 5.0
"""How far above the best published figure a lower bound may lie before it is called implausible."""
_LOSO, _SECOND_HAND = "leave-one-subject-out", "quoted in another work"
_GKIKAS = "Gkikas et al., Frontiers in Pain Research 5, 2024, doi 10.3389/fpain.2024.1372814"
_ATTNNET = "Lu, Ozek & Kamarthi, PainAttnNet, 2023"


@dataclass(frozen=True)
class Published:
    """One published result.

    Attributes
    ----------
    name : str
    modality : str
    task : str
        As in `labels.TASKS`.
    accuracy : float
        Percent.
    protocol : str
        As the authors state it, and what is known against it.
    source : str
    """

    name: str
    modality: str
    task: str
    accuracy: float
    protocol: str
    source: str


PUBLISHED = (
    Published("Gkikas 2024, face + heart rate", "face video, heart rate", "binary", 82.7, _LOSO, _GKIKAS),
    Published("Gkikas 2024, face", "face video", "binary", 77.1, _LOSO, f"{_GKIKAS} ({_SECOND_HAND})"),
    Published("Werner 2016/17, face", "facial descriptors", "binary", 72.4, _LOSO, _SECOND_HAND),
    Published("CrossMod", "EDA, ECG", "binary", 87.5, _LOSO, "primary text"),
    Published(
        "PainAttnNet 2023", "EDA", "binary", 85.6, f"{_LOSO}; the epoch was chosen on the test subject", _ATTNNET
    ),
    Published("Thiam 2019, CNN", "EDA", "binary", 84.6, _LOSO, _SECOND_HAND),
    Published("Gkikas 2024, face + heart rate", "face video, heart rate", "biovid5", 39.8, _LOSO, _GKIKAS),
    Published("Gkikas 2024, face", "face video", "biovid5", 35.4, _LOSO, f"{_GKIKAS} ({_SECOND_HAND})"),
    Published("Werner 2016/17, face", "facial descriptors", "biovid5", 30.8, _LOSO, _SECOND_HAND),
    Published("Thiam 2019, CNN", "EDA", "biovid5", 36.5, _LOSO, _SECOND_HAND),
    Published(
        "PainAttnNet 2023", "EDA", "biovid5", 34.5, f"{_LOSO}; the epoch was chosen on the test subject", _ATTNNET
    ),
)


def list_published(task: str) -> list[dict[str, Any]]:
    """Results of a task as records, best first; none is known for BL1 to PA3."""
    found = sorted((item for item in PUBLISHED if item.task == task), key=lambda item: -item.accuracy)
    return [asdict(item) for item in found]


def best_published(task: str) -> Published | None:
    """Best result of a task, whatever the signals; None where there is none."""
    return max((item for item in PUBLISHED if item.task == task), key=lambda item: item.accuracy, default=None)
