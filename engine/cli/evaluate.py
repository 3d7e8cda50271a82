"""`chainrule evaluate`: loss and metrics on a part of the data, in evaluation mode."""

from __future__ import annotations

from typing import cast

from engine.cli.arguments import Arguments
from engine.cli.output import number, print_json
from engine.cli.weights import with_weights
from engine.dataspec import Split
from engine.problem import DataError
from engine.wording import plural


def run(arguments: Arguments) -> int:
    """0, or raises ChainruleError."""
    network = with_weights(arguments.file, arguments.run)
    split = cast("Split", arguments.split or ("val" if network.validation_data else "train"))
    found = network.evaluate(split)
    if found.loss is None:
        raise DataError(
            f"No samples are held out for {_WORDS[split]}.",
            code="D07",
            hint="Set val_fraction or test_fraction in the Input, or choose another --split.",
        )
    if arguments.json:
        print_json({"loss": found.loss, "metrics": dict(found.metrics), "samples": found.samples})
    else:
        metrics = "".join(f", {name} {number(value)}" for name, value in found.metrics.items())
        print(f"{split}: loss {number(found.loss)}{metrics} ({plural(found.samples, 'sample')})")
    return 0


_WORDS = {"train": "the training", "val": "validation", "test": "the test"}
