"""How a column of levels is read: by codes where they are few, by the target's mean where they are very many.

Also finds numbers that are codes: of a quantity, the values next to a value say what the target will be
about as well as the value itself; of a code they say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.learning.encoding import Encoding, LevelMeans, averaged_classes, blocks, codes_of, outputs
from tidemill.learning.features import Feature
from tidemill.learning.pixels import LOOKED_AT, looks_like_pixels, pixels_of, telling_pixels
from tidemill.learning.texts import Words, common_words, texts_of, word_counts
from tidemill.said import to_say, to_tell

__all__ = ["Found", "Known", "category_features", "coded_number_features", "looks_like", "pixel_features"]

RARE_ROWS = 10
RARE_SHARE = 0.005
MANY_LEVELS = 30
MOST_LEVELS = 50_000
UNIQUE_SHARE = 0.5
MOST_ROWS = 50_000
SURE = 3.0
NEIGHBOURS = 2
NEIGHBOURS_SHARE = 0.5
DIGITS = 7
SENTENCE = 4
MOST_SENTENCES = 1_000

Doubles = NDArray[np.float64]
Found = tuple[list[Feature], Encoding | None, str | None]


@dataclass(frozen=True)
class Known:
    """What is known of the training rows besides their columns; see :class:`~tidemill.learning.boosting.Data`.

    ``classes`` is 0 where the target is a number.
    """

    target: Doubles
    classes: int = 0
    ages: Doubles | None = None
    groups: NDArray[np.int64] | None = None

    def at(self, rows: NDArray[np.int64]) -> Known:
        """The same of some of the rows."""
        ages = None if self.ages is None else self.ages[rows]
        return Known(self.target[rows], self.classes, ages, None if self.groups is None else self.groups[rows])


def looks_like(column: pd.Series) -> Literal["text", "pixels"] | None:
    """What a tidy column of levels looks like, beside levels: sentences, nearly all different, or lists of numbers."""
    known = column.dropna()
    if looks_like_pixels([str(text) for text in known.head(LOOKED_AT)]):
        return "pixels"
    different = pd.Index(known.unique())
    return "text" if len(different) > max(MANY_LEVELS, UNIQUE_SHARE * len(known)) and _sentences(different) else None


def category_features(column: pd.Series, name: str, known: Known, declared: str | None) -> Found:
    """The features of a tidy column of levels, their encoding if they read one, or why it has none.

    A column that is different in most rows is text if it holds sentences. Else it names rows, unless the
    levels that come back tell the target. ``declared`` is what the use case says that it is.
    """
    if declared == "text":
        return text_features(column, name, known)
    counts = column.value_counts(sort=False).sort_index().sort_values(ascending=False, kind="stable")
    if len(counts) <= MANY_LEVELS:
        rare = min(RARE_ROWS, max(2.0, RARE_SHARE * counts.sum()))
        kept = counts[counts >= rare] if len(counts) > 2 else counts
        levels = tuple(sorted(map(str, kept.index)))
        feature = Feature(name=name, column=name, kind="category", levels=levels, other=len(levels) < len(counts))
        return [feature], None, None
    mostly_different = len(counts) > UNIQUE_SHARE * counts.sum()
    if declared is None and looks_like(column) == "text":
        return text_features(column, name, known)
    levels = tuple(sorted(map(str, counts[counts >= 2].index[:MOST_LEVELS])))
    codes = codes_of(pd.Index(levels, dtype="str"), column)
    if mostly_different and _worth(codes, known, len(levels)) < SURE:
        text = "text that is different in most rows ({values} values in {rows} rows)"
        return [], None, to_tell(text, values=len(counts), rows=int(counts.sum()))
    return *_encoded(name, levels, codes, known), None


def pixel_features(column: pd.Series, name: str) -> tuple[list[Feature], int, str | None]:
    """A feature for each number of a column of lists that is not nearly always the same, and how many a cell holds."""
    matrix = pixels_of(texts_of(column), name, None)
    told = telling_pixels(matrix)
    if not told:
        return [], matrix.shape[1], to_say("each of its numbers is the same in nearly every training row")
    features = [Feature(name=f"{name}: {place}", column=name, kind="number", pixel=place) for place in told]
    return features, matrix.shape[1], None


def text_features(column: pd.Series, name: str, known: Known) -> Found:
    """How many words a text has, and what those that come back, and pairs of them, say of the target."""
    texts = texts_of(column)
    count = Feature(name=f"{name}: words", column=name, kind="number", words=True)
    levels = common_words(texts)
    words = Words.of(texts, levels)
    if not len(words.codes):
        return [], None, to_say("text without words that come back")
    classes = averaged_classes(known.target, known.classes)
    means = words.means(outputs(known.target, classes), np.zeros(len(texts), dtype=np.int64), len(levels))
    return [count, *_readers(name, classes, words=True)], _stored(tuple(map(float, levels)), means, classes), None


def coded_number_features(column: pd.Series, name: str, known: Known) -> tuple[list[Feature], Encoding | None]:
    """Features that read a number as a code, and their encoding: none unless the target says that it is one."""
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    rows = _some(len(values))
    some = values[rows]
    there = ~np.isnan(some)
    if not (some[there] == np.floor(some[there])).all():
        return [], None
    found, counts = np.unique(some[there], return_counts=True)
    if not MANY_LEVELS < len(found) <= UNIQUE_SHARE * there.sum():
        return [], None
    if not _is_code(some, found, known.at(rows)):
        return [], None
    levels, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    frequent = np.argsort(-counts, kind="stable")[: min(MOST_LEVELS, int((counts >= 2).sum()))]
    kept = tuple(map(float, np.sort(levels[frequent])))
    codes = codes_of(pd.Index(kept, dtype="float64"), pd.Series(values))
    return _encoded(name, kept, codes, known)


def _encoded(
    name: str, levels: tuple[str, ...] | tuple[float, ...], codes: Doubles, known: Known
) -> tuple[list[Feature], Encoding]:
    classes = averaged_classes(known.target, known.classes)
    everything = np.zeros(len(codes), dtype=np.int64)
    means = LevelMeans.of(codes, outputs(known.target, classes), everything, len(levels))
    return _readers(name, classes, words=False), _stored(levels, means, classes)


def _readers(name: str, classes: Sequence[int], *, words: bool) -> list[Feature]:
    names = [f"{name}: share of class {code}" for code in classes] or [f"{name}: mean target"]
    return [
        Feature(name=said, column=name, kind="number", encoded=output, words=words) for output, said in enumerate(names)
    ]


def _stored(levels: tuple[str, ...] | tuple[float, ...], means: LevelMeans, classes: tuple[int, ...]) -> Encoding:
    return Encoding(
        levels=levels,
        values=tuple(_rounded(means.table(output)[1:]) for output in range(len(means.prior))),
        prior=_rounded(means.prior),
        classes=classes,
    )


def _sentences(levels: pd.Index) -> bool:
    """Whether most of the texts have words enough to say something."""
    some = levels[:: max(1, len(levels) // MOST_SENTENCES)]
    return float(np.mean(word_counts(map(str, some)) >= SENTENCE)) > 0.5


def _worth(codes: Doubles, known: Known, levels: int) -> float:
    """By how many standard errors the levels' means, of other rows, are nearer to the target than the prior."""
    best = 0.0
    part = blocks(len(codes), known.ages, known.groups)
    targets = outputs(known.target, averaged_classes(known.target, known.classes))
    means = LevelMeans.of(codes, targets, part, levels)
    for output, target in enumerate(targets.T):
        read = means.crossed(codes, part, output)
        best = max(best, _nearer(target, means.prior[output], np.where(np.isnan(read), means.prior[output], read))[0])
    return best


def _is_code(values: Doubles, found: Doubles, known: Known) -> bool:
    """Whether a value's own mean tells the target, and the means of the values next to it do not."""
    codes = codes_of(pd.Index(found, dtype="float64"), pd.Series(values))
    part = blocks(len(codes), known.ages, known.groups)
    targets = outputs(known.target, averaged_classes(known.target, known.classes))
    means = LevelMeans.of(codes, targets, part, len(found))
    for output, target in enumerate(targets.T):
        prior = means.prior[output]
        own = means.crossed(codes, part, output)
        sure, gain = _nearer(target, prior, np.where(np.isnan(own), prior, own))
        if sure < SURE:
            continue
        near = means.neighbours(codes, NEIGHBOURS, output)
        if _nearer(target, prior, np.where(np.isnan(near), prior, near))[1] < NEIGHBOURS_SHARE * gain:
            return True
    return False


def _nearer(target: Doubles, prior: float, read: Doubles) -> tuple[float, float]:
    """How much nearer to the target ``read`` is than ``prior``: in standard errors, and in squared units."""
    gains = (target - prior) ** 2 - (target - read) ** 2
    error = gains.std() / np.sqrt(len(gains))
    return (float(gains.mean() / error) if error > 0 else 0.0), float(gains.mean())


def _some(rows: int) -> NDArray[np.int64]:
    """All rows or, where they are many, an even sample of them."""
    return np.arange(rows) if rows <= MOST_ROWS else np.linspace(0, rows - 1, MOST_ROWS).astype(np.int64)


def _rounded(values: Doubles) -> tuple[float, ...]:
    """Rounded to what a float32 holds, so that a stored Model stays small."""
    return tuple(float(f"{value:.{DIGITS}g}") for value in values)
