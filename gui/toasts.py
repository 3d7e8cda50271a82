"""Notices as cards in the lower right corner of a window."""

from __future__ import annotations

from collections import deque
from typing import Final, final

from PySide6.QtCore import (
    QAbstractAnimation,
    QChildEvent,
    QEasingCurve,
    QEvent,
    QObject,
    QPropertyAnimation,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QGraphicsOpacityEffect,
    QStatusBar,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.notices import Notice, Notices, notices
from gui.theme import set_kind, theme
from gui.toast_card import ToastCard, reading_time_ms

MAX_CARDS: Final = 4
MARGIN: Final = 16
CARD_WIDTH: Final = 360


@final
class ToastArea(QWidget):
    """The corner of a window where notices appear: the newest four, the others when there is room again.

    Signals:
        all_wanted(): the list of all messages was asked for.
        left(): the last card was closed while it had the keyboard.
    """

    all_wanted = Signal()
    left = Signal()

    def __init__(self, window: QWidget, door: Notices | None = None) -> None:
        """Takes over showing notices.

        Args:
            window: whose corner; its status bar, if it has one, stays free.
            door: whose notices; those of `notices()` unless told.
        """
        super().__init__(window)
        self.setObjectName("toasts")
        self.setAccessibleName(self.tr("Messages"))
        self._window = window
        self._cards: list[ToastCard] = []
        self._hidden: deque[Notice] = deque()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._more = QToolButton(self)
        self._more.setObjectName("toastsMore")
        self._more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_kind(self._more, "boxed")
        self._more.clicked.connect(self.all_wanted)
        self._layout.addWidget(self._more, 0, Qt.AlignmentFlag.AlignRight)
        self._to_front = QTimer(self)
        self._to_front.setSingleShot(True)
        self._to_front.timeout.connect(self.raise_)
        window.installEventFilter(self)
        for child in window.children():
            self._follow(child)
        door = door or notices()
        self.destroyed.connect(lambda: door.detach(self))
        theme().changed.connect(self._place)
        self._show_rest()
        door.attach(self)

    @property
    def cards(self) -> tuple[ToastCard, ...]:
        """What is shown, oldest first."""
        return tuple(self._cards)

    def show_notice(self, notice: Notice) -> None:
        """Adds a card below the others; the same text again only counts."""
        for card in self._cards:
            if (card.notice.level, card.notice.text) == (notice.level, notice.text):
                card.repeat()
                return
        self._add(notice)
        if len(self._cards) > MAX_CARDS:
            # What leaves by itself gives way first; errors wait until there is room again.
            oldest = next((it for it in self._cards[:-1] if reading_time_ms(it.notice)), self._cards[0])
            if not reading_time_ms(oldest.notice):
                self._hidden.append(oldest.notice)
            self._remove(oldest)
        self._show_rest()
        self._announce(notice)

    def withdraw_notice(self, notice: Notice) -> None:
        """Takes a notice away, shown or waiting for room."""
        if notice in self._hidden:
            self._hidden.remove(notice)
        for card in [it for it in self._cards if it.notice is notice]:
            self._close(card)

    def dialog_parent(self) -> QWidget:
        """The window questions are asked over."""
        return self._window

    def focus_newest(self) -> None:
        """Moves the keyboard to the newest card."""
        if self._cards:
            self._cards[-1].findChildren(QToolButton)[0].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _add(self, notice: Notice, at: int | None = None) -> None:
        card = ToastCard(notice, self)
        card.closed.connect(lambda: self._close(card))
        index = len(self._cards) if at is None else at
        self._cards.insert(index, card)
        self._layout.insertWidget(index + 1, card)
        card.show()
        _fade_in(card)

    def _close(self, card: ToastCard) -> None:
        if card not in self._cards:
            return
        focus = QApplication.focusWidget()
        by_keys = focus is not None and card.isAncestorOf(focus)
        self._remove(card)
        if self._hidden and len(self._cards) < MAX_CARDS:
            self._add(self._hidden.pop(), at=0)
        self._show_rest()
        if by_keys and self._cards:
            self.focus_newest()
        elif by_keys:
            self.left.emit()

    def _remove(self, card: ToastCard) -> None:
        self._cards.remove(card)
        self._layout.removeWidget(card)
        card.hide()
        card.deleteLater()

    def _show_rest(self) -> None:
        self._more.setVisible(bool(self._hidden))
        self._more.setText(self._rest_text(len(self._hidden)))
        self._place()

    def _rest_text(self, count: int) -> str:
        return self.tr("1 earlier message") if count == 1 else self.tr("{0} earlier messages").format(count)

    def _place(self) -> None:
        self.setVisible(bool(self._cards))
        if not self._cards:
            return
        width = min(theme().px(CARD_WIDTH), max(1, self._window.width() - 2 * MARGIN))
        self.setFixedWidth(width)
        self._layout.activate()
        height = self._layout.totalHeightForWidth(width)
        bar = self._window.findChild(QStatusBar)
        bottom = bar.height() if bar is not None and bar.isVisible() else 0
        top = self._window.height() - bottom - MARGIN - height
        self.setGeometry(self._window.width() - MARGIN - width, top, width, height)
        self.raise_()

    def _announce(self, notice: Notice) -> None:
        if QAccessible.isActive():
            event = QAccessibleAnnouncementEvent(self, notice.text)
            urgent = notice.level in ("warning", "error")
            politeness = QAccessible.AnnouncementPoliteness
            event.setPoliteness(politeness.Assertive if urgent else politeness.Polite)
            QAccessible.updateAccessibility(event)

    def _follow(self, child: QObject) -> None:
        """Docks and their tabs come to the front when they are shown, and would come before the cards."""
        if isinstance(child, QDockWidget | QTabBar):
            child.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if watched is not self._window:
            if kind == QEvent.Type.ZOrderChange and self._cards:
                self._to_front.start()  # not now: the dock comes before other tabs only as the last of all children
        elif kind == QEvent.Type.Resize:
            self._place()
        elif kind == QEvent.Type.ChildPolished and isinstance(event, QChildEvent):
            self._follow(event.child())
            if self._cards:
                self._to_front.start()
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)


def _fade_in(card: ToastCard) -> None:
    duration = theme().animation_ms(150)
    if not duration:
        return
    effect = QGraphicsOpacityEffect(card)
    card.setGraphicsEffect(effect)
    animation = QPropertyAnimation(effect, b"opacity", card)
    animation.setDuration(duration)
    animation.setStartValue(0.0)
    animation.setEndValue(1.0)
    animation.setEasingCurve(QEasingCurve.Type.OutCubic)
    # An effect left behind would draw the card through a pixmap for ever.
    animation.finished.connect(lambda: card.setGraphicsEffect(None))  # type: ignore[arg-type]
    animation.start(QAbstractAnimation.DeletionPolicy.DeleteWhenStopped)
