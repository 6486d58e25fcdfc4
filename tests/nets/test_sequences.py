"""The GRU and the Transformer: padding, order, time."""

from __future__ import annotations

import pytest
import torch

from ecg_facial.nets.gru import MaskedGRU
from ecg_facial.nets.transformer import TokenEncoder


@pytest.fixture
def gru() -> MaskedGRU:
    torch.manual_seed(0)
    return MaskedGRU(8, hidden=5, n_layers=2, dropout=0.5).eval()


@pytest.fixture
def encoder() -> TokenEncoder:
    torch.manual_seed(0)
    return TokenEncoder(3, width=16, n_heads=2, n_layers=2, feedforward=32, dropout=0.1).eval()


def test_masked_frames_change_nothing_wherever_they_stand(gru: MaskedGRU) -> None:
    features = torch.randn(1, 6, 8)
    alone = gru(features, torch.ones(1, 6, dtype=torch.bool))
    for places in ((0, 1), (3, 7), (6, 7), (2, 5)):
        mask = torch.ones(1, 8, dtype=torch.bool)
        mask[0, list(places)] = False
        spread = torch.randn(1, 8, 8) * 100
        spread[mask] = features[0]
        torch.testing.assert_close(gru(spread, mask), alone)
    torch.testing.assert_close(gru.forward_valid(features), alone)


def test_zero_padding_without_a_mask_would_change_the_result(gru: MaskedGRU) -> None:
    features = torch.randn(1, 6, 8)
    padded = torch.cat([features, torch.zeros(1, 2, 8)], dim=1)
    assert not torch.allclose(gru.forward_valid(padded), gru.forward_valid(features), atol=1e-3)


def test_a_clip_without_frames_gives_zeros_and_no_nan_gradient(gru: MaskedGRU) -> None:
    features = torch.randn(2, 4, 8, requires_grad=True)
    mask = torch.tensor([[False] * 4, [True] * 4])
    pooled = gru(features, mask)
    assert torch.equal(pooled[0], torch.zeros(gru.n_outputs))
    pooled.sum().backward()
    assert features.grad is not None
    assert torch.isfinite(features.grad).all()
    assert torch.equal(features.grad[0], torch.zeros(4, 8))


def test_the_order_of_frames_matters(gru: MaskedGRU) -> None:
    features = torch.randn(1, 6, 8)
    mask = torch.ones(1, 6, dtype=torch.bool)
    assert not torch.allclose(gru(features, mask), gru(features.flip(1), mask), atol=1e-3)


def test_padding_tokens_change_nothing(encoder: TokenEncoder) -> None:
    tokens, times_s = torch.randn(1, 5, 3), torch.arange(5.0)[None]
    alone = encoder(tokens, times_s)
    padded = torch.cat([tokens, 100 * torch.randn(1, 3, 3)], dim=1)
    late = torch.cat([times_s, 50 * torch.rand(1, 3)], dim=1)
    mask = torch.tensor([[True] * 5 + [False] * 3])
    with torch.no_grad():
        torch.testing.assert_close(encoder(padded, late, mask), alone, rtol=1e-5, atol=1e-5)


def test_attention_runs_over_time_and_never_across_the_batch(encoder: TokenEncoder) -> None:
    tokens, times_s = torch.randn(3, 5, 3), torch.arange(5.0).expand(3, 5)
    changed = tokens.clone()
    changed[1:] = torch.randn(2, 5, 3) * 10
    mask = torch.ones(3, 5, dtype=torch.bool)
    with torch.no_grad():
        torch.testing.assert_close(encoder(tokens, times_s, mask)[0], encoder(changed, times_s, mask)[0])
        moved = tokens.clone()
        moved[0, 4] += 3.0
        assert not torch.allclose(encoder(moved, times_s, mask)[0], encoder(tokens, times_s, mask)[0], atol=1e-3)


def test_positions_are_seconds_not_token_numbers(encoder: TokenEncoder) -> None:
    tokens = torch.randn(1, 5, 3)
    with torch.no_grad():
        slow, fast = encoder(tokens, torch.arange(5.0)[None]), encoder(tokens, torch.arange(5.0)[None] * 0.6)
        assert not torch.allclose(slow, fast, atol=1e-3)
        order = torch.tensor([3, 0, 4, 1, 2])
        mixed = encoder(tokens[:, order], torch.arange(5.0)[None][:, order])
        torch.testing.assert_close(mixed, slow, rtol=1e-5, atol=1e-5)


def test_a_window_without_tokens_gives_zeros(encoder: TokenEncoder) -> None:
    pooled = encoder(torch.randn(2, 4, 3), torch.rand(2, 4), torch.tensor([[False] * 4, [True] * 4]))
    assert torch.equal(pooled[0], torch.zeros(16))
    assert torch.isfinite(pooled).all()
