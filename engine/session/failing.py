"""What went wrong in the session's thread, as an event."""

from __future__ import annotations

import traceback
from pathlib import Path

from engine.events import RunFailed, RunState
from engine.planning.memory import estimated
from engine.problem import ChainruleError
from engine.training.errors import StepError, is_out_of_memory
from engine.training.failure import told
from engine.training.loading import Loaded
from engine.training.run import Run
from engine.wording import byte_text


def failed(error: Exception, run: Run | None, loaded: Loaded | None = None) -> tuple[RunFailed, RunState]:
    """The event, and the state the session is in then.

    Args:
        error: what was raised.
        run: the training, where there is one.
        loaded: else what was to be trained, where that is known.
    """
    loaded = loaded if run is None else run.loaded
    if isinstance(error, StepError) and run is not None:
        return told(error, run.trainer), "paused" if error.code in ("T01", "T02") else "failed"
    if isinstance(error, ChainruleError):
        return _unreadable(error, run, loaded) or RunFailed(error.code, error.message, error.hint), "failed"
    details = "".join(traceback.format_exception(error))
    if is_out_of_memory(error):
        return _too_large(loaded, details), "failed"
    return RunFailed("T04", f"{type(error).__name__}: {error}", details=details), "failed"


def _too_large(loaded: Loaded | None, details: str) -> RunFailed:
    """Memory ran out before the first step: what takes most of it, by the check."""
    if loaded is None:
        return RunFailed("T03", "Memory ran out.", "Make the network or the batch smaller.", details=details)
    warned = next((problem for problem in loaded.result.problems if problem.code == "G05"), None)
    if warned is not None:
        return RunFailed("T03", f"Memory ran out. {warned.message}", warned.hint, node=warned.node, details=details)
    parts = estimated(loaded.result)
    needs = "" if parts is None else f" The training takes about {byte_text(parts.total)}."
    hint = "Make the network or the batch smaller, or choose a micro-batch."
    return RunFailed("T03", f"Memory ran out.{needs}", hint, details=details)


def _unreadable(error: ChainruleError, run: Run | None, loaded: Loaded | None) -> RunFailed | None:
    """Data that could be read when the training began, and cannot be now; None where it is something else."""
    if run is None or loaded is None or error.code[0] not in "DF":
        return None
    nodes = [loaded.result.nodes[path] for path in loaded.result.inputs]
    names = {plan.path: Path(str(plan.params.get("path") or plan.params.get("folder") or "")).name for plan in nodes}
    found = [path for path, name in names.items() if name and name in error.message]
    if len(found) != 1:
        return None
    message = f'"{found[0]}" can no longer read its data: {error.message}'
    hint = "Put them back, and Play goes on; or find them where they are now."
    return RunFailed(error.code, message, hint, step=run.trainer.steps, node=found[0])
