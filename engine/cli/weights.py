"""The network of a graph file with the weights of a run, or with the file's own."""

from __future__ import annotations

from pathlib import Path

from engine import files, runplace
from engine.cli.output import say
from engine.events import Event, Said
from engine.training.loading import load
from engine.training.run import Run
from engine.training.run_folder import RunFolder
from engine.training.trained import put_weights


def with_weights(file: Path, run_dir: Path | None) -> Run:
    """The graph, loaded, with weights in place; nothing is written.

    Raises:
        ChainruleError: the graph has problems, or the weights are not its own.
    """
    project = files.load(file)
    run = Run(load(project, file.absolute().parent), _tell)
    if run_dir is None and not project.weights and not project.parameters:
        _say_untrained(file)
    if run_dir is not None:
        path = run_dir if run_dir.is_file() else RunFolder.existing(run_dir).weights_file
        remark = put_weights(run, path)
        if remark:
            say(remark)
    return run


def _say_untrained(file: Path) -> None:
    """Training leaves the file as it is, so what it learned is easily thought to be in there."""
    latest = runplace.latest_run(runplace.runs_folder(file))
    if latest is not None:
        say(f'These are the untrained weights of "{file.name}". For those of its last run, add --run {latest}')


def _tell(event: Event) -> None:
    if isinstance(event, Said) and event.severity == "warning":
        say(event.message)
