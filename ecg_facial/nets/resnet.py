"""ResNet18 with torchvision's parameter names.

Input: normalised images. Output: 512 features, or logits. A published torchvision file loads unchanged.

References
----------
.. [1] He et al., "Deep Residual Learning for Image Recognition", CVPR 2016.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

N_FEATURES = 512
_WIDTHS, _BLOCKS_PER_STAGE = (64, 128, 256, 512), 2


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut."""

    def __init__(self, n_in: int, n_out: int, *, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.downsample: nn.Module | None = None
        if stride != 1 or n_in != n_out:
            self.downsample = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, images: Tensor) -> Tensor:
        """Map (n, n_in, h, w) to (n, n_out, h / stride, w / stride)."""
        shortcut = images if self.downsample is None else self.downsample(images)
        inner = self.relu(self.bn1(self.conv1(images)))
        return torch.relu(self.bn2(self.conv2(inner)) + shortcut)


def _stage(n_in: int, n_out: int, *, stride: int) -> nn.Sequential:
    blocks = [
        BasicBlock(n_in if i == 0 else n_out, n_out, stride=stride if i == 0 else 1) for i in range(_BLOCKS_PER_STAGE)
    ]
    return nn.Sequential(*blocks)


class ResNet18(nn.Module):
    """ResNet18.

    Parameters
    ----------
    n_outputs : int
        Outputs of the last layer (`fc`).
    """

    def __init__(self, n_outputs: int = 1000) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, _WIDTHS[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(_WIDTHS[0])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = _stage(_WIDTHS[0], _WIDTHS[0], stride=1)
        self.layer2 = _stage(_WIDTHS[0], _WIDTHS[1], stride=2)
        self.layer3 = _stage(_WIDTHS[1], _WIDTHS[2], stride=2)
        self.layer4 = _stage(_WIDTHS[2], _WIDTHS[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(N_FEATURES, n_outputs)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, images: Tensor) -> Tensor:
        """Map normalised images (n, 3, height, width) to pooled features (n, 512)."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        maps = self.layer4(self.layer3(self.layer2(self.layer1(maps))))
        pooled: Tensor = self.avgpool(maps)
        return pooled.flatten(1)

    def forward(self, images: Tensor) -> Tensor:
        """Map normalised images (n, 3, height, width) to (n, n_outputs)."""
        logits: Tensor = self.fc(self.features(images))
        return logits
