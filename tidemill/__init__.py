"""Tidemill: the whole working life of a tabular model.

>>> tidemill.load("flights", lake="s3://bucket/prefix").predict(frame)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidemill.scoring import LoadedModel

__all__ = ["__version__", "load"]

__version__ = "0.1.0"


def load(name: str, lake: str | None = None, version: str = "champion") -> LoadedModel:
    """The model of a use case, from its lake: ``.predict(frame)`` answers rows, ``.version`` says which it is.

    Args:
        name: the use case's name.
        lake: a folder or a URL; left out, ``TIDEMILL_LAKE`` or ``./lake``.
        version: a version's name, ``champion`` or ``latest``.

    Raises:
        UserError: the lake can't be read, or has no such version.
    """
    from tidemill.project import lake_url
    from tidemill.scoring import load_model
    from tidemill.store import Store

    store = Store(lake_url(lake))
    store.check(writable=False)
    return load_model(store, name, version)
