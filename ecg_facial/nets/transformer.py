"""A Transformer encoder over tokens with times in seconds.

Input: tokens, their times, a mask. Output: one vector per window. Tensors are batch-first: attention runs over time.
(The original's encoder attended across the trials of a batch.)

References
----------
.. [1] Vaswani et al., "Attention Is All You Need", NeurIPS 2017.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

# Periods of the encoding: from less than one heart beat to a minute.
_SHORTEST_S, _LONGEST_S = 0.5, 60.0


class TimeEncoding(nn.Module):
    """Sines and cosines of the time in seconds, with periods from half a second to a minute.

    Positions are times, not indices: heart beats are not evenly spaced.
    """

    periods: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        share = torch.linspace(0, 1, width // 2)
        self.register_buffer("periods", _SHORTEST_S * (_LONGEST_S / _SHORTEST_S) ** share, persistent=False)

    def forward(self, times_s: Tensor) -> Tensor:
        """Map times (batch, n_tokens) to (batch, n_tokens, width)."""
        phase = 2 * math.pi * times_s[..., None] / self.periods
        return torch.cat([torch.sin(phase), torch.cos(phase)], dim=-1)


class TokenEncoder(nn.Module):
    """Transformer encoder with a masked mean over time."""

    def __init__(
        self, n_features: int, *, width: int, n_heads: int, n_layers: int, feedforward: int, dropout: float
    ) -> None:
        super().__init__()
        self.embed = nn.Linear(n_features, width)
        self.positions = TimeEncoding(width)
        layer = nn.TransformerEncoderLayer(
            width, n_heads, feedforward, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, n_layers, norm=nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, tokens: Tensor, times_s: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map (batch, n_tokens, n_features), times (batch, n_tokens) and a mask to (batch, width).

        Without a mask all tokens are valid. A window without a valid token gives zeros.
        """
        states: Tensor = self.embed(tokens) + self.positions(times_s)
        if mask is None:
            return self._encode(states, None).mean(dim=1)
        # attention over nothing is NaN: such a window attends to its padding, which the mean then leaves out
        padding = ~mask & mask.any(dim=1, keepdim=True)
        valid = mask[..., None].to(states.dtype)
        return (self._encode(states, padding) * valid).sum(dim=1) / valid.sum(dim=1).clamp(min=1)

    def _encode(self, states: Tensor, padding: Tensor | None) -> Tensor:
        encoded: Tensor = self.encoder(states, src_key_padding_mask=padding)
        return encoded
