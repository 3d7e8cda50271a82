"""What the command line takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, NoReturn, final

from engine.checkpoints import KEPT, Every
from engine.graph import Project
from engine.param import ParamError
from engine.result import Result
from engine.settings import TRAINING

_TRAIN_EPILOG = (
    "FILE is never changed. Without --run the run goes to NAME.runs/<UTC time> beside it. "
    "Several processes train together under torchrun: torchrun --nproc-per-node 4 -m engine train FILE --run-dir DIR."
)


PICTURES = ("svg", "png", "pdf")

Draw = Callable[[Project, Result, str, int, bool, bool], bytes]
"""Makes a picture of a checked graph: kind (of `PICTURES`), scale of a PNG, with shapes, with formulas."""


@final
class Arguments(argparse.Namespace):
    """Parsed arguments; which of them are there depends on `command`."""

    command: str
    debug: bool
    file: Path
    json: bool
    run: Path | None
    epochs: int | None
    steps: int | None
    device: str | None
    seed: int | None
    threads: int | Literal["measure"] | None
    fast: bool
    resume: bool
    checkpoint_every: Every | None
    keep_checkpoints: int
    strategy: Literal["auto", "ddp", "fsdp"]
    split: str | None
    data: list[Path]
    out: Path | None
    batch: int
    check: bool
    to: str
    scale: int
    shapes: bool
    formulas: bool
    port: int
    processes: int
    nodes: int
    gpus: int | None
    time: str
    partition: str
    account: str
    memory: str
    data_at: list[str]
    without_program: bool
    draw: Draw | None


def _at_least(least: int) -> Any:
    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"a whole number is expected, not {text!r}") from None
        if value < least:
            raise argparse.ArgumentTypeError(f"at least {least} is expected, not {value}")
        return value

    return number


def _threads(text: str) -> int | Literal["measure"]:
    if text == "measure":
        return "measure"
    number: int = _at_least(1)(text)
    return number


def _device(text: str) -> str:
    try:
        name: str = TRAINING["device"].parse(text)
    except ParamError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return name


def _every(text: str) -> Every:
    try:
        return Every.of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print everything as one JSON object")


def _train(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _TRAIN_EPILOG
    parser.add_argument("--epochs", type=_at_least(1), help="epochs in all, also with --resume")
    parser.add_argument("--steps", type=_at_least(1), help="end after so many updates in all")
    parser.add_argument("--device", type=_device, help="auto, cpu, cuda, cuda:1 or mps, in place of the file's own")
    parser.add_argument("--seed", type=_at_least(0), help="in place of the file's own")
    parser.add_argument(
        "--threads",
        type=_threads,
        metavar="N",
        help="that the processor computes with, in place of the file's own or those that the work of a step is worth; "
        "measure: find out first what this machine gains by them, which is remembered",
    )
    parser.add_argument(
        "--fast", action="store_true", help="fast-forward: small networks by a kernel, equal to PyTorch to rounding"
    )
    # torchrun takes --run for an abbreviation of its own --run-path, wherever it stands.
    parser.add_argument(
        "--run", "--run-dir", dest="run", type=Path, metavar="DIR", help="the run directory (torchrun: --run-dir)"
    )
    parser.add_argument("--resume", action="store_true", help="go on with a run (the newest, without --run)")
    parser.add_argument(
        "--checkpoint-every",
        type=_every,
        metavar="TIME",
        help="save so often what --resume goes on from: 30s, 5min, 10epochs, 500steps (as often as costs little)",
    )
    parser.add_argument(
        "--keep-checkpoints",
        type=_at_least(1),
        default=KEPT,
        metavar="K",
        help=f"keep the newest K of them ({KEPT}), beside the weights of the best epoch",
    )
    parser.add_argument(
        "--strategy",
        choices=("auto", "ddp", "fsdp"),
        default="auto",
        help="under torchrun: every process has the whole network (ddp), or a part of it (fsdp: where it does not fit)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object an epoch")


def _evaluate(parser: argparse.ArgumentParser) -> None:
    _weights_of(parser)
    parser.add_argument(
        "--split", choices=("train", "val", "test"), help="part of the data (validation, where there is)"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def _predict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, nargs="+", metavar="DATA", help="a CSV, NPY or NPZ file, or images")
    _weights_of(parser)
    parser.add_argument("-o", dest="out", type=Path, metavar="OUT", help="write a .csv or .json file")


def _step(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--batch", type=_at_least(0), default=0, metavar="K", help="which batch of the first epoch, from 0"
    )
    parser.add_argument("--json", action="store_true", help="print all numbers as one JSON object")
    parser.add_argument(
        "--check", action="store_true", help="check its gradients against central differences, in double precision"
    )


def _export(parser: argparse.ArgumentParser) -> None:
    kinds = ("pytorch", "weights", "mermaid", *PICTURES)
    parser.add_argument("--to", choices=kinds, required=True, help="what to write")
    parser.add_argument("-o", dest="out", type=Path, metavar="OUT", required=True, help="where to")
    _weights_of(parser)
    parser.add_argument("--scale", type=int, choices=(1, 2, 3, 4), default=2, help="how fine a PNG is (2)")
    parser.add_argument("--no-shapes", dest="shapes", action="store_false", help="pictures: wires without shapes")
    parser.add_argument("--formulas", action="store_true", help="pictures: with the formulas of the blocks below")


def _weights_of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--run", type=Path, metavar="DIR", help="use the weights of this run, not the file's own")


def _import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("-o", dest="out", type=Path, metavar="OUT", required=True, help="the graph file to write")
    parser.add_argument("--json", action="store_true", help="print progress and result, one JSON object a line")


def _serve(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "On 127.0.0.1 alone, read only, under an address that holds a new secret each time."
    parser.add_argument("--port", type=_at_least(0), default=6010, help="to listen on (6010); 0: any that is free")


def _pack(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "The data are copied into the folder, except those that --data-at names."
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the folder to be made")
    parser.add_argument(
        "--data-at",
        action="append",
        default=[],
        metavar="PATH",
        help="where the other machine has the data already; once for each data set, in the graph's order",
    )
    parser.add_argument("--processes", type=_at_least(1), default=1, help="that train together on each node (1)")
    parser.add_argument("--nodes", type=_at_least(1), default=1, help="machines (1)")
    parser.add_argument("--gpus", type=_at_least(0), help="that SLURM is asked for on each node (one a process)")
    parser.add_argument("--time", default="24:00:00", help="SLURM's limit (24:00:00)")
    for name, what in (("partition", "of the cluster"), ("account", "that pays"), ("memory", "a node: 32G")):
        parser.add_argument(f"--{name}", default="", help=f"for SLURM: {what}")
    parser.add_argument(
        "--without-program", action="store_true", help="leave Chainrule's engine out: it is installed there"
    )


_FILES = {
    "import": ("MODEL", "a model of another program (.onnx)"),
    "serve": ("RUN", "a run directory, or a graph file, whose newest run is served"),
}
"""What the first argument is, where it is no graph file."""

SUBCOMMANDS = {
    "check": ("check a graph, with shapes, parameters and problems", _check),
    "train": ("train a graph", _train),
    "evaluate": ("loss and metrics on a part of the data", _evaluate),
    "predict": ("predictions for other data", _predict),
    "step": ("one training step, number by number", _step),
    "export": ("write PyTorch code, weights, a picture or Mermaid text", _export),
    "import": ("make a graph file, with its weights, of an ONNX model", _import),
    "pack": ("write a folder with which another machine trains a graph", _pack),
    "serve": ("let a run be watched from another machine, through a forwarded port", _serve),
}


@final
class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parse(argv: Sequence[str]) -> Arguments:
    """The arguments. Raises SystemExit after telling the help, the version or what is wrong."""
    parser = _Parser(
        prog="chainrule",
        description="Draw a neural network, see it checked as you draw, watch it learn. "
        "chainrule [FILE] opens the window; the commands below do without.",
    )
    parser.add_argument("--version", action="version", version=f"chainrule {metadata.version('chainrule')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (text, add) in SUBCOMMANDS.items():
        sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        metavar, what = _FILES.get(name, ("FILE", "a graph file (.chainrule)"))
        sub.add_argument("file", type=Path, metavar=metavar, help=what)
        add(sub)
        sub.add_argument("--debug", action="store_true", help="show tracebacks")
    return parser.parse_args(argv, namespace=Arguments())
