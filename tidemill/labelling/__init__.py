"""Labelling: the target of each row, as codes of classes or as numbers."""

from tidemill.labelling.stage import label, label_inputs, ripening

__all__ = ["label", "label_inputs", "ripening"]
