"""`chainrule pack`: a folder with which another machine trains a graph."""

from __future__ import annotations

from pathlib import Path

from engine import files
from engine.cli.arguments import Arguments
from engine.cli.output import say
from engine.elsewhere.options import Options
from engine.elsewhere.sources import Source, sources
from engine.elsewhere.writing import Package, graph_name, write
from engine.problem import ChainruleError
from engine.wording import byte_text


def run(arguments: Arguments) -> int:
    """0, or raises ChainruleError."""
    assert arguments.out is not None
    project = files.load(arguments.file)
    folder = arguments.file.absolute().parent
    found = sources(project, folder)
    referred = _referred(found, arguments.data_at)
    copied = tuple(source for source in found if source not in referred)
    options = Options(
        processes=arguments.processes,
        nodes=arguments.nodes,
        gpus=arguments.processes if arguments.gpus is None else arguments.gpus,
        time=arguments.time,
        partition=arguments.partition,
        account=arguments.account,
        memory=arguments.memory,
        program=not arguments.without_program,
    )
    package = Package(project, graph_name(arguments.file.name), folder, options, copied, referred)
    write(package, arguments.out)
    size = sum(size for source in copied for _, _, size in source.files())
    say(f"Wrote {arguments.out}, with {byte_text(size)} of data." if copied else f"Wrote {arguments.out}.")
    print(arguments.out)
    return 0


def _referred(found: list[Source], paths: list[str]) -> dict[Source, str]:
    """Which data the other machine has. Raises ChainruleError, there are not so many."""
    if len(paths) > len(found):
        have = ", ".join(str(Path(source.name)) for source in found) or "none in files"
        raise ChainruleError(f"--data-at is given {len(paths)} times; the data of this graph: {have}.", code="F05")
    return dict(zip(found, paths, strict=False))
