"""Action units give the tabulated weights of the mesh; people are reproducible."""

from __future__ import annotations

import numpy as np
import pytest

from ecg_facial.simulate.grid import PAIN_AUS
from ecg_facial.simulate.head.expressions import (
    AU_NAMES,
    WRINKLES,
    LidCurve,
    blendshape_weights,
    wrinkle_weights,
)
from ecg_facial.simulate.head.head import load_head
from ecg_facial.simulate.head.identity import sample_identity


def test_units_add_up_where_they_share_a_target() -> None:
    weights = blendshape_weights({"AU06": 1.0, "AU07": 0.5}, lids=LidCurve(weights=(0.0, 0.9)))
    assert weights == pytest.approx(
        {"cheekSquintLeft": 1.35, "cheekSquintRight": 1.35, "eyeSquintLeft": 0.85, "eyeSquintRight": 0.85}
    )


def test_lids_close_by_the_stronger_of_blink_and_closure_less_what_a_squint_closes() -> None:
    assert blendshape_weights({"AU43": 0.4, "AU45": 1.0}, lids=LidCurve(weights=(0.0, 0.8)))[
        "eyeBlinkLeft"
    ] == pytest.approx(0.8)
    squinting = blendshape_weights({"AU43": 1.0, "AU07": 1.0}, lids=LidCurve(weights=(0.0, 0.8)))
    assert squinting["eyeBlinkRight"] == pytest.approx(0.8 * 0.75)


def test_frown_and_wrinkled_nose_lower_the_brow_less_than_their_sum() -> None:
    frown = blendshape_weights({"AU04": 1.0}, lids=LidCurve())["browDownLeft"]
    both = blendshape_weights({"AU04": 1.0, "AU09": 1.0}, lids=LidCurve())
    assert both["browDownLeft"] == pytest.approx(0.45 * frown)
    assert both["noseSneerLeft"] == blendshape_weights({"AU09": 1.0}, lids=LidCurve())["noseSneerLeft"]


def test_no_expression_needs_no_target() -> None:
    assert blendshape_weights(dict.fromkeys(AU_NAMES, 0.0), lids=LidCurve(weights=(0.0, 1.0))) == {}


@pytest.mark.parametrize("unit", AU_NAMES)
def test_every_target_is_one_of_the_mesh(unit: str) -> None:
    weights = blendshape_weights({unit: 1.0}, lids=LidCurve(weights=(0.0, 1.0)))
    assert weights
    assert set(weights) <= set(load_head().expressions)


def test_wrinkles_stay_within_one() -> None:
    assert len(wrinkle_weights({})) == len(WRINKLES)
    assert wrinkle_weights({}) == (0.0,) * len(WRINKLES)
    assert max(wrinkle_weights(dict.fromkeys(PAIN_AUS, 1.0))) == 1.0
    assert dict(zip(WRINKLES, wrinkle_weights({"AU04": 0.5, "AU09": 1.0}), strict=True)) == pytest.approx(
        {"glabella": 0.8, "forehead": 0.0, "crow": 0.0, "nasolabial": 0.5, "nose": 1.0}
    )


def test_people_are_drawn_reproducibly_and_differ() -> None:
    people = [sample_identity(np.random.default_rng(seed)) for seed in range(20)]
    assert people == [sample_identity(np.random.default_rng(seed)) for seed in range(20)]
    assert len({person.appearance_seed for person in people}) == 20
    for person in people:
        assert sum(person.ancestry) == pytest.approx(1.0)
        assert 20 <= person.age_years <= 65


def test_a_given_sex_and_age_are_kept_and_the_rest_still_drawn() -> None:
    for sex in ("m", "w"):
        person = sample_identity(np.random.default_rng(3), sex=sex, age_years=41)
        assert (person.sex, person.age_years) == (sex, 41)
        assert (person.masculinity >= 0.7) == (sex == "m")
        assert person.ancestry == sample_identity(np.random.default_rng(3)).ancestry


def test_every_person_has_a_mesh_of_their_own_near_the_average() -> None:
    head = load_head()
    average = head.template - head.template.mean(axis=0)
    for seed in range(5):
        mesh = sample_identity(np.random.default_rng(seed)).mesh(head)
        assert mesh.shape == head.vertices.shape
        assert 0.01 < np.abs(mesh - mesh.mean(axis=0) - average).max() < 0.6
