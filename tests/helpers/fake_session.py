"""A session without a thread, for panels tested by themselves: it notes commands and posts what a test gives it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from engine.events import Event, Exported, StateChanged
from engine.graph import Project
from engine.mailbox import Mailbox

Command = tuple[Any, ...]


@final
class FakeSession:
    """Has the methods of `engine.session.Session`. `commands` holds each call: its name, then its arguments."""

    def __init__(self, project: Project, folder: Path | None = None) -> None:
        self.project, self.folder = project, folder
        self.mailbox = Mailbox()
        self.commands: list[Command] = []
        self.watched: frozenset[str] = frozenset()
        self.closed = False
        self.lanes: list[frozenset[str]] = []

    def post(self, *events: Event) -> None:
        """What the worker thread would post."""
        for event in events:
            self.mailbox.post(event)

    def names(self) -> list[str]:
        """The commands given so far, without their arguments."""
        return [command[0] for command in self.commands]

    def _note(self, *command: Any) -> None:
        assert not self.closed, f"{command[0]} after close"
        self.commands.append(command)

    # -- the session's own --

    def play(self, until: Any = None) -> None:
        self._note("play")
        self.post(StateChanged("running"))

    def pause(self) -> None:
        self._note("pause")
        self.post(StateChanged("paused", step=1))

    def step(self, grain: str) -> None:
        self._note("step", grain)

    def stop(self) -> None:
        self._note("stop")
        self.post(StateChanged("ready"))

    def reset(self, seed: int | None = None) -> None:
        self._note("reset")
        self.post(StateChanged("ready"))

    def apply(self, project: Project, renamed: Mapping[str, str] = {}) -> None:
        self._note("apply", project, dict(renamed))

    def set_hyper(self, name: str, value: Any) -> None:
        self._note("set_hyper", name, value)

    def history(self, request: int) -> None:
        self._note("history", request)

    def step_back(self) -> None:
        self._note("step_back")

    def goto(self, at: int) -> None:
        self._note("goto", at)

    def set_parameter(self, name: str, value: Any) -> None:
        self._note("set_parameter", name, value)

    def set_weights(self, numbers: Any) -> None:
        self._note("set_weights", dict(numbers))

    def follow(self, who: str, entries: Any) -> None:
        self._note("follow", who, tuple(entries))

    def loss_curve(self, entry: Any, low: float, high: float, request: int, **how: Any) -> None:
        self._note("loss_curve", entry, low, high, request, how)

    def cancel_curve(self, request: int) -> None:
        self._note("cancel_curve", request)

    def linear_fit(self, request: int) -> None:
        self._note("linear_fit", request)

    def evaluate(self, split: str) -> None:
        self._note("evaluate", split)

    def predict(self, data: Any, request: int) -> None:
        self._note("predict", data, request)

    def preview(self, node: str, project: Project, request: int) -> None:
        self._note("preview", node, project, request)

    def trace(self, batch: int | None, request: int, sample: int | None = None) -> None:
        self._note("trace", batch, request)

    def unfold(self, batch: int | None, request: int, sample: int | None = None) -> None:
        self._note("unfold", batch, request)

    def weights(self, request: int) -> None:
        self._note("weights", request)

    def load_weights(self, weights: Mapping[str, Any]) -> None:
        self._note("load_weights", weights)

    def load_run(self, path: Path, request: int) -> None:
        self._note("load_run", path, request)

    def machine(self) -> None:
        self._note("machine")

    def keep_runs(self, place: Any) -> None:
        self._note("keep_runs", place)

    def read_facts(self, key: str, params: Mapping[str, Any], folder: Path | None) -> None:
        self._note("read_facts", key, dict(params), folder)

    def export(self, kind: str, path: Path, request: int) -> None:
        self._note("export", kind, path, request)
        self.post(Exported(request, (str(path),)))

    def watch(self, kinds: frozenset[str]) -> None:
        assert not self.closed
        self.watched = kinds
        self.lanes.append(kinds)

    def look_at(self, blocks: frozenset[str], sample: int = 0) -> None:
        self._note("look_at", blocks, sample)

    def close(self, wait: bool = True) -> None:
        self.closed = True
