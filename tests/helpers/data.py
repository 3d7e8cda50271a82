"""Parameters of an Input as `check` hands them on, and what becomes of them when data are loaded."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from engine.blocks.input import Input
from engine.data import load_data
from engine.data.dataset import DataSet
from engine.data.filefacts import read_facts, waiting_lookup
from engine.param import parse_all
from engine.problem import DataError, Problem


def input_params(**values: Any) -> dict[str, Any]:
    parsed, errors = parse_all(Input.params, values)
    assert not errors, errors
    return parsed


def checked(params: dict[str, Any]) -> DataSet:
    """The data in float64, whose facts are known before they are loaded."""
    data = load_data(params, dtype=torch.float64)
    assert waiting_lookup(None)(params) == data.facts
    return data


def refusal(params: dict[str, Any]) -> Problem:
    """Why data are refused: the same when only looked at and when loaded."""
    problem = read_facts(params, None)
    assert isinstance(problem, Problem), problem
    with pytest.raises(DataError) as caught:
        load_data(params)
    assert caught.value.message == problem.message
    return problem
