"""A block takes exactly what PyTorch takes, but for a list of reasons."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.block import registry
from tests.conformance.anything import anything
from tests.conformance.cases import CASES, TORCH
from tests.conformance.judged import judge
from tests.conformance.stricter import RULES

KINDS = sorted(set(registry()) - {"Input", "Regularizer", "Value"})
"""Those with inputs."""


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_take_what_torch_takes_or_say_why_not(kind):
    seen = set()

    @settings(max_examples=100, deadline=None)
    @given(st.one_of(anything(kind), CASES[kind].valid))
    def run(drawn) -> None:
        seen.add(judge(kind, *drawn))

    run()
    assert "accepted" in seen
    assert len(seen) > 1


REFUSED = [(kind, index) for kind in KINDS for index in range(len(CASES[kind].refused))]


@pytest.mark.parametrize(("kind", "index"), REFUSED)
def test_cases_agree_with_the_list(kind, index):
    """What a case calls PyTorch's refusal fails there."""
    params, specs, reason = CASES[kind].refused[index]
    found = judge(kind, params, specs)
    assert found != "accepted"
    assert reason != TORCH or found == "refused"


def test_every_rule_is_needed():
    used = {judge(kind, *CASES[kind].refused[index][:2]) for kind, index in REFUSED}
    assert used - {"refused"} == {rule.reason for rule in RULES}
