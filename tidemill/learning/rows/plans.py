"""How rows with one set of columns are read: what value by value, and what by the recipe's own code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tidemill.expressions import columns_of
from tidemill.expressions.single import Single, compiled
from tidemill.learning.features import Feature, Recipe

__all__ = ["Plan", "plan_for"]


@dataclass(frozen=True)
class Plan:
    """How rows with one set of columns are read.

    ``columns`` come with the rows and ``computed`` ones are made of them, in this order; ``direct``
    features are read value by value, and what is left (at ``places``) by ``derived``, from ``inputs``.
    """

    columns: tuple[str, ...]
    computed: tuple[tuple[str, Single], ...]
    direct: tuple[tuple[int, Feature], ...]
    derived: Recipe | None
    places: tuple[int, ...]
    inputs: tuple[str, ...]


def plan_for(recipe: Recipe, keys: frozenset[str]) -> Plan:
    """How rows that bring ``keys`` are read."""
    computed: dict[str, Single] = {}
    direct: list[tuple[int, Feature]] = []
    derived: list[tuple[int, Feature]] = []
    for position, feature in enumerate(recipe.features):
        known = all(_compute(recipe, name, keys, computed) for name in recipe.reads(feature))
        (direct if known else derived).append((position, feature))
    rest = recipe.keeping([feature.name for _, feature in derived], {}) if derived else None
    inputs = _inputs(recipe, (name for _, feature in derived for name in recipe.reads(feature)), keys)
    read = {name for _, feature in direct for name in recipe.reads(feature)}
    read |= {name for single in computed.values() for name in single.columns}
    return Plan(
        columns=tuple(sorted((read - set(computed)) | inputs)),
        computed=tuple(computed.items()),
        direct=tuple(direct),
        derived=rest,
        places=tuple(position for position, _ in derived),
        inputs=tuple(sorted(inputs)),
    )


def _compute(recipe: Recipe, name: str, keys: frozenset[str], computed: dict[str, Single]) -> bool:
    """Whether ``name`` comes with the rows or can be computed value by value; then it is added to ``computed``."""
    if name in keys or name in computed:
        return True
    single = compiled(recipe.derive[name], recipe.kinds)
    if single is None or single.kind != recipe.kinds[name]:
        return False
    if not all(_compute(recipe, column, keys, computed) for column in single.columns):
        return False
    computed[name] = single
    return True


def _inputs(recipe: Recipe, names: Iterable[str], keys: frozenset[str]) -> set[str]:
    found: set[str] = set()
    for name in names:
        found |= {name} if name in keys else _inputs(recipe, columns_of(recipe.derive[name]), keys)
    return found
