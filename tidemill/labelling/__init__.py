"""Labelling: the target of each row, as codes of classes or as numbers."""

from tidemill.labelling.stage import label

__all__ = ["label"]
