"""Frames and notes in the layout: read tolerantly, edited as values, copied with fresh ids."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine import decorations, edits, files
from engine.decorations import Frame, Note
from engine.graph import Project
from engine.problem import GraphError


def _file(frames: list[Any], notes: list[Any]) -> Project:
    layout = {"nodes": {}, "frames": frames, "notes": notes}
    return files.loads(json.dumps({"format": "chainrule", "version": 1, "nodes": [], "wires": [], "layout": layout}))


def test_frame_and_note_stand_in_the_file_and_come_back():
    project, frame = decorations.add_frame(Project(), (8.0, 16.0, 320.0, 200.0), "Encoder", "blue")
    project, note = decorations.add_note(project, (24.0, 40.0, 160.0, 80.0), "**why** this works")
    assert (frame, note) == ("frame1", "note1")
    text = files.dumps(project)
    layout = json.loads(text)["layout"]
    assert layout["frames"] == [
        {"id": "frame1", "title": "Encoder", "color": "blue", "at": [8, 16], "size": [320, 200]}
    ]
    assert layout["notes"] == [
        {"id": "note1", "text": "**why** this works", "color": "amber", "at": [24, 40], "size": [160, 80]}
    ]
    again = files.loads(text)
    assert decorations.frames(again.layout) == (Frame("frame1", "Encoder", "blue", 8.0, 16.0, 320.0, 200.0),)
    assert decorations.notes(again.layout) == (Note("note1", "**why** this works", "amber", 24.0, 40.0, 160.0, 80.0),)


def test_files_written_by_hand_are_read_as_far_as_they_go():
    box = {"at": [0, 0], "size": [300, 200]}
    project = _file(
        [{"title": "no id", **box}, {"id": "a", "color": "mauve", **box}, {"id": "a", "title": 7, **box}],
        [{"id": "frame1", "text": "t", "at": [1, 2], "size": [1, 1]}, {"text": "nowhere"}, {"at": [0, True], **box}],
    )
    frames = decorations.frames(project.layout)
    assert [frame.id for frame in frames] == ["frame2", "a", "frame3"]  # frame1 is the note's own
    assert [(frame.title, frame.color) for frame in frames] == [("no id", "grey"), ("", "grey"), ("", "grey")]
    (note, last) = decorations.notes(project.layout)
    assert (note.id, note.width, note.height) == ("frame1", *decorations.LEAST_NOTE)
    assert last.id == "note2"


@pytest.mark.parametrize("at", [None, [1], [1, "2"], [1e9, 0], {"x": 1}, [True, 0]])
def test_what_cannot_be_drawn_is_kept_but_not_shown(at):
    project = _file([{"id": "odd", "at": at, "size": [1, 2]}], [])
    assert decorations.decorations(project.layout) == {}
    assert json.loads(files.dumps(project))["layout"]["frames"] == [{"id": "odd", "at": at, "size": [1, 2]}]
    moved, name = decorations.add_frame(project, (0.0, 0.0, 100.0, 100.0))
    assert name == "frame1"
    assert len(moved.layout.frames) == 2


def test_putting_replaces_by_id_and_keeps_unknown_keys_and_order():
    project = _file([{"id": "a", "at": [0, 0], "size": [300, 200], "locked": True}], [])
    project, _ = decorations.add_frame(project, (0.0, 0.0, 100.0, 100.0), "second")
    frame = decorations.frames(project.layout)[0]
    edited = decorations.put(project, Frame("a", "renamed", "rose", 4.5, 0.0, 300.0, 200.0, frame.extra))
    first = dict(edited.layout.frames[0])
    assert first == {"id": "a", "title": "renamed", "color": "rose", "at": (4.5, 0), "size": (300, 200), "locked": True}
    assert edited.layout.frames[1] == project.layout.frames[1]
    assert project.layout.frames[0]["size"] == (300, 200)  # the value before is what it was


def test_a_frame_without_a_name_can_be_edited_by_the_one_it_was_given():
    project = _file([{"title": "x", "at": [0, 0], "size": [300, 200]}], [])
    edited = decorations.move(project, {"frame1": (10.0, 20.0), "gone": (0.0, 0.0)})
    assert [dict(entry)["at"] for entry in edited.layout.frames] == [(10, 20)]


def test_removing_keeps_the_rest():
    project, frame = decorations.add_frame(Project(), (0.0, 0.0, 300.0, 200.0))
    project, note = decorations.add_note(project, (0.0, 0.0, 100.0, 50.0))
    assert decorations.decorations(decorations.remove(project, {frame, "gone"}).layout).keys() == {note}
    assert decorations.decorations(decorations.remove(project, {note}).layout).keys() == {frame}


def test_wrong_colours_places_and_kinds_are_refused():
    project, frame = decorations.add_frame(Project(), (0.0, 0.0, 300.0, 200.0))
    with pytest.raises(GraphError, match="no colour of frames"):
        decorations.put(project, Frame(frame, "", "#ff0000", 0.0, 0.0, 100.0, 100.0))
    with pytest.raises(GraphError, match="cannot be put"):
        decorations.move(project, {frame: (float("nan"), 0.0)})
    with pytest.raises(GraphError, match="a frame and a note"):
        decorations.put(project, Note(frame, "", "grey", 0.0, 0.0, 100.0, 100.0))


def test_a_frame_carries_what_lies_wholly_on_it():
    project, outer = decorations.add_frame(Project(), (0.0, 0.0, 400.0, 300.0))
    project, inner = decorations.add_frame(project, (20.0, 40.0, 200.0, 100.0))
    project, on = decorations.add_note(project, (30.0, 50.0, 100.0, 50.0))
    project, _ = decorations.add_note(project, (350.0, 50.0, 100.0, 50.0))
    here = decorations.decorations(project.layout)
    frame = here[outer]
    assert isinstance(frame, Frame)
    assert decorations.carried(frame, here.values()) == [inner, on]
    small = here[inner]
    assert isinstance(small, Frame)
    assert decorations.carried(small, here.values()) == [on]


def test_copies_go_through_the_clipboards_text_and_get_ids_of_their_own():
    project, _, node = edits.add_node(Project(), "Dense", (16.0, 40.0))
    project, frame = decorations.add_frame(project, (0.0, 0.0, 300.0, 200.0), "Head", "teal")
    project, note = decorations.add_note(project, (0.0, 300.0, 100.0, 50.0), "left out")
    fragment = files.load_fragment(files.dump_fragment(project, {node}, {frame}))
    assert decorations.decorations(fragment.layout).keys() == {frame}
    grown, ids = decorations.pasted(project, fragment, (32.0, 8.0))
    assert ids == ["frame2"]
    copy = decorations.frames(grown.layout)[1]
    assert (copy.title, copy.color, copy.x, copy.y) == ("Head", "teal", 32.0, 8.0)
    assert decorations.notes(grown.layout)[0].id == note
