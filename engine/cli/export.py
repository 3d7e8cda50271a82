"""`chainrule export`: PyTorch code, weights, a picture or Mermaid text."""

from __future__ import annotations

from pathlib import Path

from engine import diskfile, files
from engine.cli.arguments import PICTURES, Arguments
from engine.graph import Project
from engine.mermaid import mermaid
from engine.plan import check
from engine.problem import ChainruleError
from engine.result import Result


def run(arguments: Arguments) -> int:
    """0, or raises ChainruleError."""
    assert arguments.out is not None
    for path in _written(arguments, arguments.out):
        print(path)
    return 0


def _written(arguments: Arguments, out: Path) -> list[str]:
    if arguments.to == "mermaid":
        diskfile.write(out, [mermaid(*_checked(arguments.file), shapes=arguments.shapes).encode()])
        return [str(out)]
    if arguments.to in PICTURES:
        diskfile.write(out, [_picture(arguments)])
        return [str(out)]
    from engine.cli.weights import with_weights
    from engine.session.answers import export

    return [str(path) for path in export(with_weights(arguments.file, arguments.run), arguments.to, out)]


def _picture(arguments: Arguments) -> bytes:
    if arguments.draw is None:
        raise ChainruleError(
            f"A picture needs Qt, which python -m engine does without. Run: chainrule export {arguments.file} "
            f"--to {arguments.to} -o {arguments.out}. Or take --to mermaid.",
            code="F05",
        )
    project, result = _checked(arguments.file)
    return arguments.draw(project, result, arguments.to, arguments.scale, arguments.shapes, arguments.formulas)


def _checked(path: Path) -> tuple[Project, Result]:
    """Problems are no reason not to draw a graph."""
    from engine.data.filefacts import waiting_lookup

    project = files.load(path)
    return project, check(project, waiting_lookup(path.absolute().parent))
