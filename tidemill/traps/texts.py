"""Text that names the class: a word that stands in the texts of one class and hardly in the others'."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Word", "telling_word"]

_MOST_TEXTS = 4_000
_MOST_WORDS = 200
_FEWEST_DIFFERENT = 50
_RAREST = 0.02
_WORDS = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Word:
    """The words that tell (one for two classes, one a class for several), and how well (AUC, mean of the classes)."""

    words: tuple[str, ...]
    score: float


def telling_word(column: pd.Series, target: pd.Series, limit: float) -> Word | None:
    """The words of a text column that separate the classes better than ``limit``; None when there are none.

    Only for text with many different values: in the others each value is a level already. The 200 words
    that most texts hold are tried, on at most 4,000 rows.
    """
    if not isinstance(column.dtype, pd.StringDtype) or column.nunique() < _FEWEST_DIFFERENT:
        return None
    every = max(len(column) // _MOST_TEXTS, 1)
    texts, codes = column.iloc[::every].fillna(""), target.iloc[::every].to_numpy()
    said = [frozenset(word.casefold() for word in _WORDS.findall(text)) for text in texts]
    frequent = Counter(word for words in said for word in words).most_common(_MOST_WORDS)
    tried = [word for word, rows in frequent if rows >= _RAREST * len(said)]
    if not tried:
        return None
    holds = np.array([[word in words for word in tried] for words in said], dtype=np.float64)
    classes = np.unique(codes)
    sides = classes[-1:] if len(classes) == 2 else classes
    best, scores = [], []
    for one in sides:
        inside = codes == one
        if inside.all() or not inside.any():
            return None
        # The AUC of a yes or no: half of one, and half the difference of its shares in the class and beside it.
        aucs = 0.5 + np.abs(holds[inside].mean(axis=0) - holds[~inside].mean(axis=0)) / 2
        place = int(aucs.argmax())
        best.append(tried[place])
        scores.append(float(aucs[place]))
    score = float(np.mean(scores))
    return Word(tuple(dict.fromkeys(best)), score) if score > limit else None
