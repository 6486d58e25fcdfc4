"""Published results on BioVid Part A, leave-one-subject-out, with what is known of how they were reached.

Input: nothing. Output: records. Second-hand figures were read in works that quote them; none was measured by us.
"""

from __future__ import annotations

from dataclasses import dataclass

IMPLAUSIBLE_POINTS = 5.0
"""How far above the best published figure a lower bound may lie before it is called implausible."""
_LOSO, _SECOND_HAND = "leave-one-subject-out", "quoted in another work"
_GKIKAS = "Gkikas et al., Frontiers in Pain Research 5, 2024, doi 10.3389/fpain.2024.1372814"
_ATTNNET = "Lu, Ozek & Kamarthi, PainAttnNet, 2023"


@dataclass(frozen=True, kw_only=True)
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
    Published(
        name="Gkikas 2024, face + heart rate",
        modality="face video, heart rate",
        task="binary",
        accuracy=82.7,
        protocol=_LOSO,
        source=_GKIKAS,
    ),
    Published(
        name="Gkikas 2024, face",
        modality="face video",
        task="binary",
        accuracy=77.1,
        protocol=_LOSO,
        source=f"{_GKIKAS} ({_SECOND_HAND})",
    ),
    Published(
        name="Werner 2016/17, face",
        modality="facial descriptors",
        task="binary",
        accuracy=72.4,
        protocol=_LOSO,
        source=_SECOND_HAND,
    ),
    Published(
        name="CrossMod", modality="EDA, ECG", task="binary", accuracy=87.5, protocol=_LOSO, source="primary text"
    ),
    Published(
        name="PainAttnNet 2023",
        modality="EDA",
        task="binary",
        accuracy=85.6,
        protocol=f"{_LOSO}; the epoch was chosen on the test subject",
        source=_ATTNNET,
    ),
    Published(
        name="Thiam 2019, CNN", modality="EDA", task="binary", accuracy=84.6, protocol=_LOSO, source=_SECOND_HAND
    ),
    Published(
        name="Gkikas 2024, face + heart rate",
        modality="face video, heart rate",
        task="biovid5",
        accuracy=39.8,
        protocol=_LOSO,
        source=_GKIKAS,
    ),
    Published(
        name="Gkikas 2024, face",
        modality="face video",
        task="biovid5",
        accuracy=35.4,
        protocol=_LOSO,
        source=f"{_GKIKAS} ({_SECOND_HAND})",
    ),
    Published(
        name="Werner 2016/17, face",
        modality="facial descriptors",
        task="biovid5",
        accuracy=30.8,
        protocol=_LOSO,
        source=_SECOND_HAND,
    ),
    Published(
        name="Thiam 2019, CNN", modality="EDA", task="biovid5", accuracy=36.5, protocol=_LOSO, source=_SECOND_HAND
    ),
    Published(
        name="PainAttnNet 2023",
        modality="EDA",
        task="biovid5",
        accuracy=34.5,
        protocol=f"{_LOSO}; the epoch was chosen on the test subject",
        source=_ATTNNET,
    ),
)


def list_published(task: str) -> list[Published]:
    """Results of a task, best first; none is known for BL1 to PA3."""
    return sorted((item for item in PUBLISHED if item.task == task), key=lambda item: -item.accuracy)


def best_published(task: str) -> Published | None:
    """Best result of a task, whatever the signals; None where there is none."""
    return max((item for item in PUBLISHED if item.task == task), key=lambda item: item.accuracy, default=None)
