"""The training loop of all networks.

Input: a model, a training set, a validation set of OTHER subjects, settings and a seed. Output: the model with the
weights of its best epoch. The order of trials and the dropout of an epoch are seeded by (seed, epoch), so that a run
that was killed and resumed gives the same weights as one that was not, bit for bit on the CPU.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

from ecg_facial.errors import CorruptDataError, SettingsError, StaleCacheError
from ecg_facial.learning.adamw import AdamW
from ecg_facial.learning.settings import TrainingSettings
from ecg_facial.runtime.storage import atomic_path, sha256_json
from ecg_facial.runtime.typing import Float32Array, Int64Array

# Share of the peak learning rate that the cosine ends at, so that the last epochs still learn.
_LAST_RATE = 0.02

Loss = Callable[[Tensor, Tensor], Tensor]
Batch = tuple[dict[str, Tensor], Tensor]


class TrainingData(Protocol):
    """What the loop needs of a data set: items, and a function that makes a batch of them."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Batch: ...

    def collate(self, items: Sequence[Batch], /) -> Batch:
        """Make a batch of items."""


@dataclass(frozen=True, kw_only=True)
class EpochRecord:
    """Losses of one epoch; the validation loss is NaN without a validation set."""

    epoch: int
    train_loss: float
    validation_loss: float


@dataclass(frozen=True)
class FitResult:
    """Result of a training: the epoch whose weights the model holds (1 is the first), and the losses of all epochs."""

    best_epoch: int
    history: tuple[EpochRecord, ...]


def fit(
    model: nn.Module,
    train: TrainingData,
    validation: TrainingData | None = None,
    *,
    settings: TrainingSettings,
    seed: int,
    loss: Loss | None = None,
    checkpoint: Path | None = None,
    last_epoch: int | None = None,
    on_epoch: Callable[[EpochRecord], None] | None = None,
) -> FitResult:
    """Train a model in place.

    Parameters
    ----------
    model : Module
        Called with a batch's inputs by name. Ends in eval mode on the CPU with the best epoch's weights.
    train : TrainingData
    validation : TrainingData, optional
        Chooses the epoch; must hold other subjects. Without it all epochs are run and the last one's weights are kept.
    settings : TrainingSettings
    seed : int
    loss : callable, optional
        Function of (outputs, targets). Default: cross-entropy with class weights.
    checkpoint : Path, optional
        File that is written after every epoch; where it exists, training resumes from it.
    last_epoch : int, optional
        Stop after this epoch; the learning rates stay those of a training of all epochs.
    on_epoch : callable, optional
        Called with the record of each epoch.

    Raises
    ------
    SettingsError
        Without training data.
    StaleCacheError
        When the checkpoint belongs to another training.
    """
    if not len(train):
        raise SettingsError("0 training trials: expected 1 or more; check the task and what was excluded")
    device = choose_device(settings.device)
    model.to(device)
    criterion = loss or _cross_entropy(train, settings, device)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = AdamW(parameters, learning_rate=settings.learning_rate, weight_decay=settings.weight_decay)
    run = _Run(model, optimizer, key=sha256_json({"settings": asdict(settings), "seed": seed, "n": len(train)}))
    if checkpoint is not None and checkpoint.is_file():
        run.load(checkpoint)
    last = settings.epochs if last_epoch is None else min(last_epoch, settings.epochs)
    while not run.finished(last, patience=math.inf if validation is None else settings.patience):
        epoch = run.next_epoch
        train_loss = _train_epoch(model, train, optimizer, criterion, settings=settings, seed=seed, epoch=epoch)
        validation_loss = math.nan if validation is None else _mean_loss(model, validation, criterion, settings)
        run.record(EpochRecord(epoch=epoch, train_loss=train_loss, validation_loss=validation_loss))
        if checkpoint is not None:
            run.save(checkpoint)
        if on_epoch is not None:
            on_epoch(run.history[-1])
    run.restore_best()
    model.to("cpu").eval()
    return FitResult(run.best_epoch, tuple(run.history))


def predict_logits(model: nn.Module, data: TrainingData, *, batch_size: int = 64, device: str = "cpu") -> Float32Array:
    """Logits of every item, shape (n, n_classes), in evaluation mode."""
    target = choose_device(device)
    model.to(target).eval()
    parts = []
    with torch.inference_mode():
        for inputs, _ in _batches(data, np.arange(len(data)), batch_size):
            parts.append(model(**_move(inputs, target)).float().cpu().numpy())
    model.to("cpu")
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)


def choose_device(name: str) -> torch.device:
    """Device by name; ``auto`` is a GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise SettingsError("device 'cuda': no usable GPU is seen; use auto or cpu")
    try:
        return torch.device(name)
    except RuntimeError:
        raise SettingsError(f"unknown device {name!r}: expected auto, cpu or cuda") from None


@contextmanager
def limit_threads(threads: int) -> Iterator[None]:
    """Limit the threads of torch, of linear algebra and of OpenMP inside a block.

    Small networks are slower with more. Results differ in the last bit, so a fold gets as many wherever it runs.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with threadpool_limits(limits=threads):
            yield
    finally:
        torch.set_num_threads(before)


def count_classes(data: TrainingData) -> Int64Array:
    """Items of each class, from `data.labels` where it has them."""
    labels = getattr(data, "labels", None)
    if labels is None:
        labels = [int(data[index][1]) for index in range(len(data))]
    return np.bincount(np.asarray(labels, dtype=np.int64))


def _cross_entropy(train: TrainingData, settings: TrainingSettings, device: torch.device) -> Loss:
    """Cross-entropy, with classes weighted by the inverse of their frequency where the settings ask for it."""
    if not settings.class_weights:
        return nn.CrossEntropyLoss()
    counts = torch.from_numpy(count_classes(train)).float()

    def weighted(logits: Tensor, labels: Tensor) -> Tensor:
        weights = torch.zeros(logits.shape[1], device=device)
        present = counts > 0
        weights[: len(counts)][present] = (counts.sum() / (present.sum() * counts[present])).to(device)
        return nn.functional.cross_entropy(logits, labels, weight=weights)

    return weighted


def _batches(data: TrainingData, order: Int64Array, batch_size: int) -> Iterator[Batch]:
    for first in range(0, len(order), batch_size):
        yield data.collate([data[int(index)] for index in order[first : first + batch_size]])


def _move(inputs: dict[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return {name: value.to(device) for name, value in inputs.items()}


def _learning_rate(settings: TrainingSettings, step: int, steps_per_epoch: int) -> float:
    """Learning rate of a step: linear warm-up over one epoch, then a cosine. A pure function: nothing to resume."""
    total, warm_up = settings.epochs * steps_per_epoch, steps_per_epoch
    if step < warm_up:
        return settings.learning_rate * (step + 1) / warm_up
    share = (step - warm_up) / max(total - warm_up, 1)
    cosine = 0.5 * (1 + math.cos(math.pi * share))
    return settings.learning_rate * (_LAST_RATE + (1 - _LAST_RATE) * cosine)


def _train_epoch(
    model: nn.Module,
    train: TrainingData,
    optimizer: AdamW,
    criterion: Loss,
    *,
    settings: TrainingSettings,
    seed: int,
    epoch: int,
) -> float:
    device = next(model.parameters()).device
    model.train()
    order = np.random.default_rng([seed, epoch]).permutation(len(train))
    steps = math.ceil(len(train) / settings.batch_size)
    total = 0.0
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(int(np.random.default_rng([seed, epoch, 1]).integers(2**62)))
        for number, (inputs, targets) in enumerate(_batches(train, order, settings.batch_size)):
            optimizer.learning_rate = _learning_rate(settings, (epoch - 1) * steps + number, steps)
            with _precision(settings, inputs, device):
                value = criterion(model(**_move(inputs, device)), targets.to(device))
            optimizer.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]  # torch's stubs lack it
            nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
            optimizer.step()
            total += float(value.detach()) * len(targets)
    return total / len(train)


def _precision(settings: TrainingSettings, inputs: dict[str, Tensor], device: torch.device) -> torch.autocast:
    """Autocast to bf16 where the settings ask for it, or a GPU has it and the batch holds pictures."""
    pictures = any(value.ndim >= 4 for value in inputs.values())
    helps = device.type == "cuda" and torch.cuda.is_bf16_supported() and pictures
    use = settings.precision == "bf16" or (settings.precision == "auto" and helps)
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=use)


def _mean_loss(model: nn.Module, data: TrainingData, criterion: Loss, settings: TrainingSettings) -> float:
    device = next(model.parameters()).device
    model.eval()
    total = 0.0
    with torch.inference_mode():
        for inputs, targets in _batches(data, np.arange(len(data)), settings.batch_size):
            value = criterion(model(**_move(inputs, device)).float(), targets.to(device))
            total += float(value) * len(targets)
    return total / max(len(data), 1)


class _Run:
    """State of a training: model, optimiser, history, and the best weights so far."""

    def __init__(self, model: nn.Module, optimizer: AdamW, *, key: str) -> None:
        self._model, self._optimizer, self._key = model, optimizer, key
        fixed = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
        self._names = [name for name in model.state_dict() if name not in fixed]
        self.history: list[EpochRecord] = []
        self.best_epoch = 0
        self._best: dict[str, Tensor] = self._weights()

    @property
    def next_epoch(self) -> int:
        return len(self.history) + 1

    def finished(self, last_epoch: int, *, patience: float) -> bool:
        waited = len(self.history) - self.best_epoch
        return len(self.history) >= last_epoch or (self.best_epoch > 0 and waited >= patience)

    def record(self, epoch: EpochRecord) -> None:
        """Keep an epoch, and its weights where no validation loss was lower; without validation, always."""
        self.history.append(epoch)
        losses = [record.validation_loss for record in self.history]
        if math.isnan(losses[-1]) or losses[-1] <= min(losses):
            self.best_epoch, self._best = epoch.epoch, self._weights()

    def restore_best(self) -> None:
        self._model.load_state_dict(self._best, strict=False)

    def _weights(self) -> dict[str, Tensor]:
        state = self._model.state_dict()
        return {name: state[name].detach().cpu().clone() for name in self._names}

    def save(self, path: Path) -> None:
        tensors = {f"model.{name}": value for name, value in self._weights().items()}
        tensors |= {f"best.{name}": value for name, value in self._best.items()}
        for index, state in self._optimizer.state().items():
            tensors |= {f"optimizer.{index}.{name}": value.cpu().contiguous() for name, value in state.items()}
        content = {
            "key": self._key,
            "best_epoch": self.best_epoch,
            "history": [
                [r.epoch, r.train_loss, None if math.isnan(r.validation_loss) else r.validation_loss]
                for r in self.history
            ],
        }
        tensors = {name: value.contiguous() for name, value in tensors.items()}
        with atomic_path(path) as temporary:
            save_file(tensors, temporary, metadata={"state": json.dumps(content)})

    def load(self, path: Path) -> None:
        try:
            with safe_open(path, framework="pt") as stored:
                content: dict[str, Any] = json.loads((stored.metadata() or {}).get("state", "{}"))
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118  # not a mapping
        except (SafetensorError, ValueError, OSError) as error:
            raise CorruptDataError(f"{path}: not a checkpoint ({error}); delete it to start over") from None
        if content.get("key") != self._key:
            raise StaleCacheError(f"{path}: a checkpoint of another training (settings, seed or data); delete it")
        self.history = [
            EpochRecord(epoch=e, train_loss=t, validation_loss=math.nan if v is None else v)
            for e, t, v in content["history"]
        ]
        self.best_epoch = int(content["best_epoch"])
        self._best = {name: tensors[f"best.{name}"] for name in self._names}
        self._model.load_state_dict({name: tensors[f"model.{name}"] for name in self._names}, strict=False)
        states: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimizer."):
                _, index, field = name.split(".")
                states.setdefault(int(index), {})[field] = value
        self._optimizer.load(states)
