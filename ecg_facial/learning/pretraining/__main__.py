"""Make the weights that the package ships: ``python -m ecg_facial.learning.pretraining OUT``."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ecg_facial.runtime.executors.settings import ExecutorSettings
from ecg_facial.runtime.storage import sha256_file

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def main(
    out: Annotated[Path, typer.Argument(help="File to write (.safetensors).")],
    identities: Annotated[int, typer.Option(min=4, help="Rendered people.")] = 1000,
    per_identity: Annotated[int, typer.Option(min=1, help="Crops of each.")] = 9,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    start: Annotated[
        str, typer.Option(help="Weights to begin with: none, rendered (the shipped ones), or a file.")
    ] = "none",
    last_layer: Annotated[bool, typer.Option(help="Fit the last layer alone, on the shipped network.")] = False,
    workers: Annotated[int, typer.Option(help="Number of parallel tasks.")] = ExecutorSettings.workers,
) -> None:
    """Render people of no cohort, train ResNet18 to read their action units, write its weights in fp16."""
    from safetensors.torch import save

    from ecg_facial.learning.pretraining.crops import TARGET_AUS, render_crops
    from ecg_facial.learning.pretraining.regression import choose_stages, fit_last_layer, to_half, train_reader
    from ecg_facial.learning.training import EpochRecord
    from ecg_facial.nets.weights import read_card
    from ecg_facial.runtime.executors.opening import open_executor
    from ecg_facial.runtime.storage import write_bytes

    begin = time.monotonic()

    def tell(record: EpochRecord) -> None:
        sys.stderr.write(
            f"epoch {record.epoch}: training loss {record.train_loss:.4f}, held-out loss {record.validation_loss:.4f}, "
            f"{time.monotonic() - begin:.0f} s\n"
        )

    with open_executor(workers=workers) as executor:
        data = render_crops(identities, per_identity=per_identity, seed=seed, executor=executor, show_progress=True)
    sys.stderr.write(f"{len(data.crops)} crops after {time.monotonic() - begin:.0f} s\n")
    if last_layer:
        network, explained = fit_last_layer(data)
    else:
        network, explained = train_reader(data, seed=seed, start=start, on_epoch=tell)
    stages = () if last_layer else choose_stages(start)
    options = {"last-layer": last_layer, f"start {start}": not last_layer and start != "none"}
    card = {
        **_describe_start("rendered" if last_layer else start, read_card),
        "simulated": True,
        "trained_on": f"{len(data.crops)} rendered face crops of {identities} identities that are in no cohort",
        "command": "python -m ecg_facial.learning.pretraining OUT "
        f"--identities {identities} --per-identity {per_identity} --seed {seed}"
        + "".join(f" --{name}" for name, given in options.items() if given),
        "action_units": TARGET_AUS,
        "stages": [[stage.side_px, stage.epochs, stage.learning_rate] for stage in stages],
        "explained_variance_held_out": {name: round(value, 3) for name, value in explained.items()},
    }
    write_bytes(out, save(to_half(network), metadata={"card": json.dumps(card)}))
    sys.stdout.write(json.dumps(card, indent=2) + "\n")


def _describe_start(start: str, read_card: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Say which weights were there before: the card of the shipped ones, or the digest of a file."""
    if start == "none":
        return {}
    if start == "rendered":
        shipped = read_card()
        return {"backbone": shipped.get("backbone", shipped)}
    return {"backbone": {"file": Path(start).name, "sha256": sha256_file(Path(start))}}


if __name__ == "__main__":
    app()
