"""TensorFlow Playground's own network, under node, training alone: no drawing, no losses of its two sets.

Its `nn.ts` is not part of this repository: CHAINRULE_PLAYGROUND names it (github.com/tensorflow/playground, src/nn.ts).
Types are taken out by hand, as node 20 does not know them; nothing else is changed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, final

VARIABLE = "CHAINRULE_PLAYGROUND"

_HARNESS = """
const lines = require("readline").createInterface({input: process.stdin});
let job, network, at = 0;
lines.on("line", line => {
  const told = JSON.parse(line);
  if (told.widths) {
    job = told;
    const act = told.relu ? Activations.RELU : Activations.TANH;
    network = buildNetwork(told.widths, act, Activations.TANH, null, told.widths[0] ? told.ids : []);
    console.log("{}");
    return;
  }
  const began = process.cpuUsage();
  for (let step = 0; step < told.steps; step++) {
    for (let i = 0; i < job.batch && at < job.x.length; i++, at++) {
      forwardProp(network, job.x[at]);
      backProp(network, job.y[at], Errors.SQUARE);
    }
    updateWeights(network, 0.03, 0);
    if (at >= job.x.length) at = 0;
  }
  const spent = process.cpuUsage(began);
  console.log(JSON.stringify({seconds: (spent.user + spent.system) / 1e6, output: forwardProp(network, job.x[0])}));
});
"""


def found() -> Path | None:
    """Where `nn.ts` is, if node is there, too."""
    path = os.environ.get(VARIABLE)
    return Path(path) if path and Path(path).is_file() and shutil.which("node") else None


def without_types(text: str) -> str:
    """The same in JavaScript."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)
    text = re.sub(r"export interface \w+ \{.*?\n\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\bexport ", "", text)
    text = text.replace("(Math as any)", "Math").replace("public ", "")
    kind = r"(?:Node\[\]\[\]|\([^()]*\)\s*=>\s*\w+|\w+(?:\[\])*)"
    text = re.sub(rf"(^\s+(?:static )?\w+): {kind}(?=\s*(?:=(?!>)|;))", r"\1", text, flags=re.MULTILINE)
    text = re.sub(rf"((?:let|const|var) \w+): {kind}", r"\1", text)
    text = re.sub(rf"(?<=[(,])(\s*\w+)\??: {kind}(?=\s*[,)])", r"\1", text)
    return re.sub(rf"\): {kind}(?=\s*(?:\{{|=>))", ")", text)


@final
class Playground:
    """A process of node that trains one network."""

    def __init__(
        self, widths: Sequence[int], x: Sequence[Sequence[float]], y: Sequence[float], batch: int, *, relu: bool
    ) -> None:
        path = found()
        assert path is not None
        script = without_types(path.read_text(encoding="utf-8")) + _HARNESS
        node = shutil.which("node")
        assert node is not None
        self._process = subprocess.Popen(
            [node, "-e", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        ids = [f"x{number}" for number in range(widths[0])]
        job = {"widths": list(widths), "ids": ids, "x": x, "y": y, "batch": batch, "relu": relu}
        self._ask(job)

    def __enter__(self) -> Playground:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def seconds(self, steps: int) -> float:
        """Of processor time that so many steps take."""
        return float(self._ask({"steps": steps})["seconds"])
