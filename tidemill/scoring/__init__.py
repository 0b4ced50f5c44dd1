"""Batch scoring, and a stored Model for Python: the same :meth:`Model.predict` as the REST service.

Importing it is light: pandas and Arrow take two seconds, and `tidemill.load` and the command line start without them.
"""

from tidemill.scoring.batch import Named, Scored, score
from tidemill.scoring.loading import LoadedModel, chosen_version, load_model

__all__ = ["LoadedModel", "Named", "Scored", "chosen_version", "load_model", "score"]
