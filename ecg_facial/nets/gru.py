"""A bidirectional GRU that never sees a masked frame.

Input: features of frames and a mask. Output: one vector per clip. Masked frames are removed before the recurrence:
zero padding at the end would be what the backward direction reads first, and shift its state.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class MaskedGRU(nn.Module):
    """Bidirectional GRU with masked mean and maximum over time.

    Parameters
    ----------
    n_features : int
        Features per frame.
    hidden : int
        Units in each direction.
    n_layers : int
    dropout : float
        Between layers.
    """

    def __init__(self, n_features: int, *, hidden: int, n_layers: int, dropout: float) -> None:
        super().__init__()
        self.gru = nn.GRU(
            n_features,
            hidden,
            num_layers=n_layers,
            dropout=dropout if n_layers > 1 else 0.0,
            batch_first=True,
            bidirectional=True,
        )
        self.n_outputs = 4 * hidden

    def forward(self, features: Tensor, mask: Tensor) -> Tensor:
        """Map (batch, n_frames, n_features) and a mask (batch, n_frames), True where valid, to (batch, n_outputs).

        A clip without a valid frame gives zeros.
        """
        order = torch.argsort(~mask, dim=1, stable=True)
        gathered = torch.gather(features, 1, order[..., None].expand(-1, -1, features.shape[2]))
        lengths = mask.sum(dim=1)
        # packing refuses empty sequences: a frame of zeros takes their place and is masked out of the pooling
        gathered = torch.where((lengths > 0)[:, None, None], gathered, torch.zeros_like(gathered))
        packed = pack_padded_sequence(gathered, lengths.clamp(min=1).cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True, total_length=features.shape[1])
        valid = torch.arange(features.shape[1], device=mask.device)[None, :] < lengths[:, None]
        return pool(states, valid)

    def forward_valid(self, features: Tensor) -> Tensor:
        """Map frames that are all valid, (batch, n_frames, n_features), to (batch, n_outputs)."""
        states = self.gru(features)[0]
        return torch.cat([states.mean(dim=1), states.amax(dim=1)], dim=1)


def pool(states: Tensor, valid: Tensor) -> Tensor:
    """Mean and maximum of (batch, n_frames, n) over valid frames, side by side; zeros where none is valid."""
    count = valid.sum(dim=1, keepdim=True)
    mean = (states * valid[..., None]).sum(dim=1) / count.clamp(min=1)
    highest = states.masked_fill(~valid[..., None], -torch.inf).amax(dim=1)
    highest = torch.where(count > 0, highest, torch.zeros_like(highest))
    return torch.cat([mean, highest], dim=1)
