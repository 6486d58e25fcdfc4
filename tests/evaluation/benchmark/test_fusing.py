"""Fusion is learned on people held out, and its facial model is chosen on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from held_out import make_held_out

from ecg_facial.evaluation.benchmark.fusing import ChoosingCombiner, FusionCombiner
from ecg_facial.evaluation.benchmark.pipelines import HeldOut


@pytest.mark.parametrize(("noise", "weight"), [((1.0, 1.0), 0.5), ((1.0, 2.0), 0.8), ((2.0, 1.0), 0.2)])
def test_the_learned_weight_is_that_of_the_inverse_variances(noise: tuple[float, float], weight: float) -> None:
    learned = FusionCombiner(learn=True).fit(make_held_out(noise=noise)).fusion
    assert learned.face_weight == pytest.approx(weight, abs=0.04)
    assert learned.face_weight + learned.ecg_weight == pytest.approx(1)
    assert (learned.n_subjects, learned.n_trials) == (9, 4000)
    assert FusionCombiner().fit(make_held_out(noise=noise)) == FusionCombiner()


@pytest.mark.parametrize(("noise", "face"), [((2.0, 0.5), "facial:descriptors"), ((0.5, 2.0), "facial")])
def test_the_facial_model_of_a_fusion_is_the_one_that_the_calibration_part_speaks_for(
    noise: tuple[float, float], face: str
) -> None:
    network, forest = make_held_out(noise=(noise[0], 1.0), n=200), make_held_out(noise=(noise[1], 1.0), n=200)
    said = {**network.logits, "facial:descriptors": forest.logits["facial"]}
    # one trial has no face: no candidate fuses it, so it is not counted
    for name in ("facial", "facial:descriptors"):
        said[name][0] = np.nan
    candidates = (FusionCombiner(), FusionCombiner(face="facial:descriptors", name="fusion:descriptors"))
    chosen = ChoosingCombiner(candidates=candidates).fit(replace(network, logits=said))
    assert (chosen.chosen.face, chosen.describe()["face"], chosen.n_trials) == (face, face, 199)
    np.testing.assert_array_equal(chosen.combine(said), chosen.chosen.combine(said))
    # without labels of anybody the network stays
    nobody = HeldOut(labels=np.zeros(0, int), subjects=(), logits={name: logits[:0] for name, logits in said.items()})
    assert ChoosingCombiner(candidates=candidates).fit(nobody).chosen.face == "facial"
