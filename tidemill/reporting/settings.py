"""What settings of XGBoost are for, and what it means when the best value lies at an end of its range."""

from __future__ import annotations

from tidemill.learning.findings import Edge
from tidemill.reporting.language import say, to_say
from tidemill.reporting.wording import number, span

__all__ = ["edge_words", "purpose", "setting_name"]

_PURPOSES = {
    "learning_rate": to_say("how much each tree corrects"),
    "max_depth": to_say("how many questions a tree may ask in a row"),
    "max_leaves": to_say("how many leaves a tree may have"),
    "grow_policy": to_say("which leaf is split next"),
    "min_child_weight": to_say("how many rows a leaf must have, roughly"),
    "subsample": to_say("the share of rows that each tree sees"),
    "colsample_bytree": to_say("the share of columns that each tree sees"),
    "colsample_bylevel": to_say("the share of columns that each level of a tree sees"),
    "colsample_bynode": to_say("the share of columns that each split sees"),
    "reg_lambda": to_say("how strongly leaves are pulled towards zero"),
    "reg_alpha": to_say("from which size on leaves count at all"),
    "gamma": to_say("how much a split must gain"),
    "max_cat_to_onehot": to_say("up to how many levels a category is split one by one"),
    "max_bin": to_say("into how many steps a column is cut"),
    "half_life": to_say("how fast old rows lose weight, as a share of the training span; 0 weighs all alike"),
}
_MENDS = {
    ("learning_rate", "lowest"): to_say("Slower learning needs more trees: a larger `tune.budget` lets it have them."),
    ("learning_rate", "highest"): to_say("The signal is simple, or the budget too small for slower learning."),
    ("max_depth", "highest"): to_say(
        "Deep trees look for many columns at once: give the model what they look for as a column of its own under "
        "`derive`, such as a ratio or a difference."
    ),
    ("max_depth", "lowest"): to_say("Columns work one by one here: the model is simple by its nature."),
    ("max_leaves", "highest"): to_say(
        "Large trees look for many columns at once: columns under `derive` may say it better."
    ),
    ("min_child_weight", "highest"): to_say(
        "Only large groups of rows can be trusted: more rows, or less noise in the target, would help more than more "
        "trials."
    ),
    ("min_child_weight", "lowest"): to_say(
        "Single rows matter: look for copies of rows, and for columns that name them."
    ),
    ("reg_lambda", "highest"): to_say(
        "The trees are held back as much as may be: more rows, or fewer useless columns (`columns.ignore`), would "
        "help more than more trials."
    ),
    ("gamma", "highest"): to_say(
        "Most splits gain next to nothing: more rows, or fewer useless columns (`columns.ignore`), would help more "
        "than more trials."
    ),
    ("colsample_bytree", "lowest"): to_say(
        "Few columns at a time do best: many say the same, or are noise; `columns.ignore` leaves them out."
    ),
    ("subsample", "lowest"): to_say("Few rows at a time do best: rows may repeat each other."),
}
_NATURAL = {
    ("subsample", "highest"): to_say("Every tree sees all rows, and there is no more than that."),
    ("colsample_bytree", "highest"): to_say("Every tree sees all columns, and there is no more than that."),
    ("colsample_bynode", "highest"): to_say(
        "Every split sees all of its tree's columns, and there is no more than that."
    ),
    ("reg_lambda", "lowest"): to_say("It is next to none, and there is no less than that."),
    ("reg_alpha", "lowest"): to_say("It is next to none, and there is no less than that."),
    ("gamma", "lowest"): to_say("It is next to none, and there is no less than that."),
}


def setting_name(name: str) -> str:
    """A setting's name as it is read."""
    return name.replace("_", " ")


def purpose(name: str) -> str:
    """What a setting does; empty for one that is not known here."""
    known = _PURPOSES.get(name)
    return "" if known is None else say(known)


def edge_words(edge: Edge) -> str:
    """A setting at an end of its range, and what to make of it."""
    place = {
        "name": setting_name(edge.name),
        "value": number(edge.value, 3),
        "range": span(edge.low, edge.high, 3),
    }
    where = (
        say("**{name}** is {value}, at the lowest of {range}.", **place)
        if edge.end == "lowest"
        else say("**{name}** is {value}, at the highest of {range}.", **place)
    )
    key = (edge.name, edge.end)
    meaning = _NATURAL.get(key) or _MENDS.get(key) or to_say("A better value may lie beyond.")
    return f"{where} {say(meaning)}"
