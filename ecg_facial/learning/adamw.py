"""AdamW: Adam with decoupled weight decay.

Input: parameters with gradients. Output: parameters that are updated in place, bit for bit as `torch.optim.AdamW` does
on a CPU. That one imports torch's compiler when it is made, which costs each process that trains 3.5 s before its first
step: as much as a small fold takes, in every worker and in every fresh process of the audit.

References
----------
.. [1] Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

_BETAS, _EPS = (0.9, 0.999), 1e-8


class AdamW:
    """Updates parameters by their gradients.

    Parameters
    ----------
    parameters : iterable of Parameter
    learning_rate : float
        May be set anew before every step.
    weight_decay : float
    """

    def __init__(self, parameters: Iterable[nn.Parameter], *, learning_rate: float, weight_decay: float) -> None:
        self.learning_rate, self.weight_decay = learning_rate, weight_decay
        self._parameters = list(parameters)
        self._states: list[dict[str, Tensor]] = [{} for _ in self._parameters]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update all parameters that have a gradient."""
        for parameter, state in zip(self._parameters, self._states, strict=True):
            if parameter.grad is not None:
                self._update(parameter, parameter.grad, state)

    def _update(self, parameter: nn.Parameter, gradient: Tensor, state: dict[str, Tensor]) -> None:
        if not state:
            state["step"] = torch.zeros(())
            for name in ("exp_avg", "exp_avg_sq"):
                state[name] = torch.zeros_like(parameter, memory_format=torch.preserve_format)
        state["step"] += 1
        n_steps, (first, second) = float(state["step"]), _BETAS
        parameter.mul_(1 - self.learning_rate * self.weight_decay)
        mean = state["exp_avg"].lerp_(gradient, 1 - first)
        square = state["exp_avg_sq"].mul_(second).addcmul_(gradient, gradient, value=1 - second)
        # both begin at 0
        scale = (square.sqrt() / (1 - second**n_steps) ** 0.5).add_(_EPS)
        parameter.addcdiv_(mean, scale, value=-self.learning_rate / (1 - first**n_steps))

    def state(self) -> dict[int, dict[str, Tensor]]:
        """Give what the next step depends on, by number of the parameter; parameters without a step have none."""
        return {place: dict(state) for place, state in enumerate(self._states) if state}

    def load(self, states: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Go on from such a state.

        Parameters
        ----------
        states : mapping of int to mapping of str to Tensor
            As from `state`.
        """
        for place, (parameter, own) in enumerate(zip(self._parameters, self._states, strict=True)):
            own.clear()
            for name, value in states.get(place, {}).items():
                own[name] = value.clone() if name == "step" else value.to(parameter.device, copy=True)
