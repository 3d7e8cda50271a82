"""Keras's own `fit`, on PyTorch, in a process of its own with one thread.

Keras is not installed with this program: CHAINRULE_KERAS names a folder that it was installed into.

    pip install --target /tmp/keras --no-deps keras absl-py namex optree ml_dtypes h5py
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

VARIABLE = "CHAINRULE_KERAS"

Array = NDArray[Any]


def found() -> Path | None:
    """The folder with Keras, where one is named."""
    path = os.environ.get(VARIABLE)
    return Path(path) if path and (Path(path) / "keras").is_dir() else None


@final
class KerasFit:
    """A process in which Keras trains one network.

    Attributes:
        loss: of all samples, with the weights it begins with.
    """

    def __init__(
        self,
        layers: Sequence[Sequence[Any]],
        x: Array,
        y: Array,
        weights: Sequence[Array],
        *,
        loss: str,
        batch: int,
        optimizer: str,
        lr: float,
    ) -> None:
        """Begin.

        Args:
            layers: names of Keras's layers, each with its arguments by name: `("Dense", {"units": 4})`.
            x, y: samples as Keras wants them, pictures (n, height, width, channels).
            weights: as Keras has them, kernels (in, out) and (height, width, in, out).
            loss: `half_squared_error` or `cross_entropy`.
            batch: samples of one.
            optimizer: `sgd` or `adam`.
            lr: its learning rate.
        """
        folder = found()
        assert folder is not None
        self._folder = tempfile.TemporaryDirectory()
        file = Path(self._folder.name) / "arrays.npz"
        arrays: dict[str, Any] = {f"w{number}": weight for number, weight in enumerate(weights)}
        np.savez(file, x=x, y=y, **arrays)
        environment = {
            **os.environ,
            "PYTHONPATH": str(folder),
            "KERAS_BACKEND": "torch",
            "KERAS_HOME": self._folder.name,
            "OMP_NUM_THREADS": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        job = {"file": str(file), "layers": layers, "loss": loss, "batch": batch, "optimizer": optimizer, "lr": lr}
        self.loss = float(self._ask(job)["loss"])

    def __enter__(self) -> KerasFit:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._folder.cleanup()

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def seconds(self, steps: int) -> float:
        """Of processor time for a step, over about so many: one `fit` over whole epochs."""
        answer = self._ask({"steps": steps})
        return float(answer["seconds"]) / int(answer["steps"])


def half_squared_error(target: Any, prediction: Any) -> Any:
    """As Chainrule's Loss of that name."""
    return 0.5 * importlib.import_module("keras").ops.mean((prediction - target) ** 2, axis=-1)


def main() -> None:
    """The process: a job a line, an answer a line."""
    lines, answers = sys.stdin, sys.stdout
    sys.stdout = sys.stderr  # for what Keras prints
    keras: Any = importlib.import_module("keras")
    importlib.import_module("torch").set_num_threads(1)
    job = json.loads(lines.readline())
    arrays = np.load(job["file"])
    x, y = arrays["x"], arrays["y"]
    made = [getattr(keras.layers, name)(**options) for name, options in job["layers"]]
    net = keras.Sequential([keras.Input(x.shape[1:]), *made])
    net.set_weights([arrays[f"w{number}"] for number in range(len(arrays.files) - 2)])
    kinds = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}
    losses = {
        "half_squared_error": half_squared_error,
        "cross_entropy": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    }
    net.compile(kinds[job["optimizer"]](job["lr"]), loss=losses[job["loss"]])
    answers.write(json.dumps({"loss": float(net.evaluate(x, y, verbose=0))}) + "\n")
    answers.flush()
    batch = job["batch"]
    for line in lines:
        wanted = json.loads(line)["steps"]
        part = min(len(x), wanted * batch)
        each = -(-part // batch)
        epochs = max(1, round(wanted / each))
        began = time.process_time()
        net.fit(x[:part], y[:part], batch_size=batch, epochs=epochs, verbose=0)
        spent = time.process_time() - began
        answers.write(json.dumps({"seconds": spent, "steps": each * epochs}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
