from engine import assets


def test_the_assets_of_the_checkout_are_found():
    assert (assets.folder() / "icons" / "input.svg").is_file()


def test_examples_are_named_with_or_without_their_ending():
    assert assets.example("spiral") == assets.example("spiral.chainrule")
    assert assets.example("spiral").parent == assets.folder() / "examples"
