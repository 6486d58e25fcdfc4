"""AdamW moves parameters as torch's does, to the last bit, without torch's compiler."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from ecg_facial.learning.adamw import AdamW


def make_model() -> nn.Module:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Flatten(), nn.Linear(8 * 16, 5), nn.Linear(5, 4))
    return model.to(memory_format=torch.channels_last)


def train(model: nn.Module, optimizer: object, rates: list[float], *, seed: int = 0) -> None:
    torch.manual_seed(seed)
    for rate in rates:
        if isinstance(optimizer, AdamW):
            optimizer.learning_rate = rate
        else:
            optimizer.param_groups[0]["lr"] = rate  # type: ignore[attr-defined]
        optimizer.zero_grad()  # type: ignore[attr-defined]
        # the last layer gets no gradient at first
        outputs = model(torch.randn(7, 3, 6, 6)) if rate > 1e-3 else model[:-1](torch.randn(7, 3, 6, 6))  # type: ignore[index]
        (outputs**2).mean().backward()
        optimizer.step()  # type: ignore[attr-defined]


@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_steps_are_those_of_torch_to_the_last_bit(weight_decay: float) -> None:
    ours, theirs = make_model(), make_model()
    rates = [1e-4, 1e-3, 1e-2, 3e-2, 1e-2, 5e-3, 2e-3] * 4
    train(ours, AdamW(ours.parameters(), learning_rate=1e-3, weight_decay=weight_decay), rates)
    train(theirs, torch.optim.AdamW(theirs.parameters(), lr=1e-3, weight_decay=weight_decay), rates)
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_training_goes_on_from_its_state() -> None:
    whole, parted = make_model(), make_model()
    first, second = [1e-2, 1e-4], [2e-2, 1e-2]
    optimizer = AdamW(whole.parameters(), learning_rate=1e-3, weight_decay=0.01)
    train(whole, optimizer, first)
    before = AdamW(parted.parameters(), learning_rate=1e-3, weight_decay=0.01)
    train(parted, before, first)
    after = AdamW(parted.parameters(), learning_rate=1e-3, weight_decay=0.01)
    state = copy.deepcopy(before.state())
    after.load(state)
    train(parted, after, second, seed=1)
    train(whole, optimizer, second, seed=1)
    for one, other in zip(whole.parameters(), parted.parameters(), strict=True):
        assert torch.equal(one, other)
    # what was loaded is a copy
    assert float(state[0]["step"]) == 2


def test_a_process_that_trains_does_not_import_the_compiler() -> None:
    program = (
        "import sys, torch; from ecg_facial.learning.adamw import AdamW; layer = torch.nn.Linear(2, 2); "
        "steps = AdamW(layer.parameters(), learning_rate=0.1, weight_decay=0.1); "
        "layer(torch.ones(2, 2)).sum().backward(); torch.nn.utils.clip_grad_norm_(layer.parameters(), 1.0); "
        "steps.step(); steps.zero_grad(); print('torch._dynamo' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
