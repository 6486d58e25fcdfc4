"""The settings of a cohort are read from its marker."""

from __future__ import annotations

import json
from pathlib import Path

from ecg_facial.runtime.settings import to_dict
from ecg_facial.simulate.observer.ceiling import read_cohort_settings
from ecg_facial.simulate.people.population import GENERATOR_VERSION
from ecg_facial.simulate.settings.cohort_settings import CohortSettings

COHORT = CohortSettings(n_subjects=12, trials_per_level=10)


def test_a_cohort_s_own_marker_says_how_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "SIMULATED.json"
    content = {"simulated": True, "generator_version": GENERATOR_VERSION, **to_dict(COHORT)}
    path.write_text(json.dumps(content))
    assert read_cohort_settings(path) == COHORT
    for broken in ({**content, "generator_version": -1}, {"simulated": True}, {**content, "n_subjects": 0}, []):
        path.write_text(json.dumps(broken))
        assert read_cohort_settings(path) is None
    assert read_cohort_settings(tmp_path / "none.json") is None
