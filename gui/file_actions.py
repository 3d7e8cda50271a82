"""New, open, save, recent files, examples, export, and what happens to unsaved changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from engine import assets
from engine.events import Exported, WeightsTaken
from engine.problem import ChainruleError
from engine.session import ExportKind
from gui.actions import Actions
from gui.document import Document, new_project
from gui.file_dialogs import ask_open_path, ask_save_path, file_stem, folder_of
from gui.importing.models import SUFFIX as MODEL_SUFFIX
from gui.importing.models import ModelImport
from gui.moved_data import with_data_followed
from gui.notices import Notice, notices
from gui.outside import Outside
from gui.question import Choice, Question
from gui.recover import offer_recovery
from gui.run_feed import RunFeed
from gui.run_keeping import RunKeeping, show_folder
from gui.settings import settings

SUFFIX = ".chainrule"
MAX_RECENT = 10


@final
class FileActions(QObject):
    """All that turns documents into files and back. `recent_changed` tells the menu."""

    recent_changed = Signal()

    def __init__(self, actions: Actions, document: Document, feed: RunFeed, runs: RunKeeping, window: QWidget) -> None:
        super().__init__(window)
        self._document, self._feed, self._runs, self._window = document, feed, runs, window
        self._waiting: dict[int, Callable[[WeightsTaken], None]] = {}
        self._saved_step = 0
        """The step whose weights the file holds."""
        self._told = False
        """Whether the user knows that saving the graph does not save what it learned."""
        self._offer: Notice | None = None
        """The message that says so."""
        self._outside = Outside(document, self)
        self.imports = ModelImport(self.open_copy, window)
        self._told_where: Notice | None = None
        """What was said last about where weights stay."""
        feed.session_changed.connect(self._forget_told)
        feed.restarted.connect(self._forget_told)
        actions.new.triggered.connect(self.new)
        actions.open.triggered.connect(self.ask_open)
        actions.import_model.triggered.connect(self.ask_import)
        actions.save.triggered.connect(self.ask_save)
        actions.save_as.triggered.connect(self.ask_save_as)
        actions.save_weights.triggered.connect(lambda *_: self.save_weights())
        actions.export_pytorch.triggered.connect(lambda: self.ask_export("pytorch"))
        actions.export_weights.triggered.connect(lambda: self.ask_export("weights"))
        feed.on(WeightsTaken, self._weights_came)
        feed.on(Exported, self._exported)

    def _forget_told(self) -> None:
        self._told, self._saved_step = False, 0
        self._withdraw_offer()  # there are no such weights any longer

    def _withdraw_offer(self) -> None:
        if self._offer is not None:
            notices().dismiss(self._offer)
            self._offer = None

    # -- unsaved changes --

    def may_leave(self, again: Callable[[], object]) -> bool:
        """Whether the document may be left: all is saved, or the user saved or discarded it just now.

        Weights come from the session after a moment: where they are to be saved first, the answer is no, and `again`
        is called when that is done.
        """
        if self._lost_if_left():
            return self._may_lose(again)
        if not self._document.is_clean:
            answer = notices().ask_save(self._document.title, self._where_learned())
            if answer == "cancel" or (answer == "save" and not self.ask_save()):
                return False
        return True

    def _lost_if_left(self) -> bool:
        """Whether something was learned that is kept nowhere."""
        feed = self._feed
        return feed.steps > 0 and self._runs.folder is None and feed.steps != self._saved_step

    def _where_learned(self) -> str:
        if self._feed.steps in (0, self._saved_step) or self._runs.folder is None:
            return ""
        return self.tr("What the network has learned stays in {0}.").format(self._runs.folder)

    def _may_lose(self, again: Callable[[], object]) -> bool:
        choices = (
            Choice("discard", self.tr("Discard"), "quiet"),
            Choice("cancel", self.tr("Cancel")),
            Choice("save", self.tr("Save with trained weights"), "primary"),
        )
        title = self.tr("Save what {0} has learned?").format(self._document.title)
        text = self.tr("This run is not kept on disk: what it has learned is lost when you leave it.")
        if not self._document.is_clean:
            text = f"{text} {self.tr('So are your unsaved changes.')}"
        answer = notices().ask(Question(title, text, choices, "cancel"))
        if answer == "save":
            self.save_weights(again)
        return answer == "discard"

    @contextmanager
    def _telling_where(self) -> Iterator[None]:
        """Another document comes: where are the weights of this one?"""
        words, folder = self._where_learned(), self._runs.folder
        yield
        if words and folder is not None:
            if self._told_where is not None:
                notices().dismiss(self._told_where)  # who looks through files needs the last one at most
            self._told_where = notices().info(words, actions=[(self.tr("Show"), lambda: show_folder(folder))])

    # -- opening --

    def new(self) -> None:
        """An empty document."""
        if self.may_leave(self.new):
            with self._telling_where():
                self._document.replace(new_project())

    def ask_open(self) -> None:
        """Choose a graph file, or a model of another program, and open it."""
        every = self.tr("Networks (*{0} *{1})").format(SUFFIX, MODEL_SUFFIX)
        patterns = f"{every};;{self._patterns()}"
        path = ask_open_path(self._window, self.tr("Open"), self._start_folder(), patterns)
        if path is not None:
            self.open(path)

    def ask_import(self) -> None:
        """Choose a model of another program and import it."""
        path = self.imports.ask(self._start_folder())
        if path is not None:
            self.open(path)

    def _patterns(self) -> str:
        return self.tr("Chainrule graphs (*{0})").format(SUFFIX)

    def open(self, path: Path) -> bool:
        """Open a graph file, or begin to import a model; says what is wrong with it when it cannot be."""
        if path.suffix.lower() == MODEL_SUFFIX:
            return self.imports.begin(path, self._remember)
        if not self.may_leave(lambda: self.open(path)):
            return False
        try:
            with self._telling_where():
                self._document.open(path)
        except (ChainruleError, OSError) as error:
            notices().failure(error)
            if not path.exists():
                self.forget(path)
            return False
        self._remember(path)
        offer_recovery(self._document, path)
        return True

    def open_example(self, name: str) -> bool:
        """Open an example as a pristine, unnamed copy."""
        return self.open_copy(assets.example(name))

    def open_copy(self, path: Path) -> bool:
        """Open a graph file as a pristine, unnamed copy."""
        if not self.may_leave(lambda: self.open_copy(path)):
            return False
        try:
            with self._telling_where():
                self._document.open_copy(path)
        except (ChainruleError, OSError) as error:
            notices().failure(error)
            return False
        return True

    # -- saving --

    def ask_save(self) -> bool:
        """Save where it was saved before, or ask where."""
        return self.save(self._document.path) if self._document.path is not None else self.ask_save_as()

    def ask_save_as(self) -> bool:
        """Ask where to save, and save there."""
        stem = self._document.project.name or self._document.title
        start = self._document.path or self._start_folder() / (file_stem(stem).removesuffix(SUFFIX) + SUFFIX)
        path = ask_save_path(self._window, self.tr("Save as"), start, self._patterns(), SUFFIX)
        return path is not None and self.save(path)

    def save(self, path: Path, weights: dict[str, Any] | None = None) -> bool:
        """Save to a path; says why it cannot be done, and asks where somebody else has written."""
        if self._outside.changed(path):
            answer = self._outside.ask(path)
            if answer != "overwrite":
                return answer == "elsewhere" and self.ask_save_as()
        document, place = self._document, self._document.undo_stack.index()
        followed = with_data_followed(document.project, document.folder, path.parent)
        document.edit(self.tr("Follow the data to {0}").format(path.parent.name), *followed)
        try:
            document.save(path, weights)
        except (ChainruleError, OSError) as error:
            document.undo_stack.setIndex(place)
            notices().failure(
                error,
                self.tr("The file was not saved."),
                [(self.tr("Save elsewhere…"), self.ask_save_as)],
            )
            return False
        self._remember(path)
        if weights is None and self._feed.trained and not self._told:
            self._told = True
            self._offer = notices().info(
                self.tr("Saved. What the network has learned is not in the file."),
                actions=[(self.tr("Save the weights, too"), self.save_weights)],
            )
        return True

    def save_weights(self, then: Callable[[], object] | None = None) -> None:
        """Save the document with the weights as trained so far as its start values, then do what was to be done."""
        if not self._feed.trained:
            notices().info(self.tr("Nothing is trained yet: the file holds the graph and its start values."))
            return
        if self._feed.stale:
            notices().warn(self.tr("The graph was edited since it was trained. Apply or undo the edits first."))
            return
        self._told = True
        self._withdraw_offer()
        if self._document.path is None and not self.ask_save_as():
            return
        if then is not None and self._feed.state == "running":
            self._feed.pause()  # or it would learn more meanwhile
        request = self._feed.next_request()
        self._waiting[request] = partial(self._save_with, then)
        self._feed.session.weights(request)

    def _save_with(self, then: Callable[[], object] | None, event: WeightsTaken) -> None:
        path = self._document.path
        if path is not None and self.save(path, dict(event.weights)):
            self._saved_step = event.step
            self._feed.apply()  # these are the start values now, so Reset goes back to them
            notices().success(self.tr("Saved with the weights of step {0}.").format(f"{event.step:,}"))
            if then is not None:
                QTimer.singleShot(0, self, then)  # not before everybody has been told of the weights

    def _weights_came(self, event: WeightsTaken) -> None:
        waiting = self._waiting.pop(event.request, None)
        if waiting is not None:
            waiting(event)

    # -- exporting --

    def ask_export(self, kind: ExportKind) -> None:
        """Ask where to, and let the session export the network as it runs (or would start)."""
        if self._document.result.errors:
            problem = self._document.result.errors[0]
            notices().warn(self.tr("This network cannot be exported yet. {0}").format(problem.message))
            return
        suffix, filters = {
            "pytorch": (".py", self.tr("Python (*.py)")),
            "weights": (".safetensors", self.tr("Weights (*.safetensors)")),
        }[kind]
        path = ask_save_path(self._window, self.tr("Export"), self._start_folder() / f"net{suffix}", filters, suffix)
        if path is not None:
            self.export(kind, path)

    def export(self, kind: ExportKind, path: Path) -> None:
        """Export the network as it runs, or as it would start, in the session's thread."""
        self._feed.current_session.export(kind, path, self._feed.next_request())

    def _exported(self, event: Exported) -> None:
        if event.error:
            notices().error(event.error)
        else:
            notices().success(self.tr("Exported to {0}.").format(", ".join(event.paths)))

    # -- recent files --

    def recent(self) -> list[Path]:
        """The files opened and saved last, newest first."""
        stored = settings().value("recent", [])
        names = stored if isinstance(stored, list) else [stored]
        return [Path(name) for name in names if isinstance(name, str)]

    def _remember(self, path: Path) -> None:
        names = [str(path.resolve())]
        names += [str(other) for other in self.recent() if str(other) not in names]
        settings().setValue("recent", names[:MAX_RECENT])
        self.recent_changed.emit()

    def forget(self, path: Path) -> None:
        """Take a file out of the recent ones."""
        left = [str(other) for other in self.recent() if other not in (path, path.resolve())]
        settings().setValue("recent", left)
        self.recent_changed.emit()

    def _start_folder(self) -> Path:
        return folder_of(self._document.path or next(iter(self.recent()), None))
