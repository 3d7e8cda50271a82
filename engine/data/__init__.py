"""Data sets as tensors: reading, splitting, scaling; and the same way for one row or picture to be predicted."""

from engine.data.dataset import DataSet
from engine.data.load import load_data

__all__ = ["DataSet", "load_data"]
