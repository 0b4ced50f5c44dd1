"""Free text as the words in it: what each word, and each pair of neighbours, says of the target.

A text is a bag of levels. It is read as the mean of its words' target encodings
(:mod:`tidemill.learning.encoding`), which do for a word what they do for a level: one that few texts
have counts little. Words are known by 32 bits of a hash (Weinberger et al., 2009), so that a Model
holds no words, and the same code reads a million texts and one.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tidemill.learning.encoding import Doubles, LevelMeans

__all__ = ["Words", "common_words", "texts_of", "word_counts"]

MOST_WORDS = 300
MOST_COMMON = 20_000
FEWEST_TEXTS = 3
PAIR = 0x9E3779B1
BITS = 2**32

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Words:
    """The known words of some texts: ``codes`` (from 1, as levels have) and the ``text`` that each is in.

    ``missing`` says which rows have no text.
    """

    codes: Doubles
    text: NDArray[np.int64]
    missing: NDArray[np.bool_]

    @classmethod
    def of(cls, texts: Iterable[str | None], levels: NDArray[np.uint32]) -> Words:
        """The words among ``levels`` (ascending); a word counts once in a text."""
        held = list(texts)
        hashes, text = _hashes(held)
        place = np.searchsorted(levels, hashes)
        known = np.zeros(len(hashes), dtype=bool)
        if len(levels):
            known = levels[np.minimum(place, len(levels) - 1)] == hashes
        codes = place[known].astype(np.float64) + 1.0
        return cls(codes, text[known], np.asarray([one is None or one != one for one in held], dtype=bool))

    def at(self, rows: NDArray[np.int64]) -> Words:
        """The words of some of the texts, numbered in their order."""
        ends = np.searchsorted(self.text, np.arange(len(self.missing) + 1))
        counts = np.diff(ends)[rows]
        starts = np.repeat(ends[rows] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
        chosen = starts + np.arange(len(starts))
        return Words(self.codes[chosen], np.repeat(np.arange(len(rows)), counts), self.missing[rows])

    def mean(self, read: Doubles, prior: float) -> Doubles:
        """The mean of what each text's words are read as: the prior without a known word, missing without text."""
        counts = np.bincount(self.text, minlength=len(self.missing))
        sums = np.bincount(self.text, read - prior, len(self.missing))
        return np.where(self.missing, np.nan, prior + sums / np.maximum(counts, 1))

    def means(self, targets: Doubles, part: NDArray[np.int64], levels: int) -> LevelMeans:
        """What the words mean, summed up over these texts; ``targets`` is (texts, outputs)."""
        return LevelMeans.of(self.codes, targets[self.text], part[self.text], levels)


def texts_of(column: pd.Series) -> list[str | None]:
    """A tidy column's texts, None where there is none."""
    return [None if one is None or one != one else str(one) for one in column.tolist()]


def common_words(texts: Iterable[str | None]) -> NDArray[np.uint32]:
    """The hashes of the words and pairs that most texts have, ascending; in three texts at least."""
    hashes, _ = _hashes(list(texts))
    found, counts = np.unique(hashes, return_counts=True)
    often = np.argsort(-counts, kind="stable")[:MOST_COMMON]
    return np.sort(found[often[counts[often] >= FEWEST_TEXTS]])


def word_counts(texts: Iterable[str | None]) -> Doubles:
    """How many words each text has; not-a-number without one."""
    return np.asarray([np.nan if words is None else len(words) for words in _split(texts)], dtype=np.float64)


def _split(texts: Iterable[str | None]) -> Iterator[list[str] | None]:
    for one in texts:
        yield None if one is None or one != one else _WORD.findall(one.lower())


def _hashes(texts: list[str | None]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The hashes of words and pairs of neighbours, each once a text, and their texts' numbers, both ascending."""
    known: dict[str, int] = {}
    flat: list[int] = []
    lengths: list[int] = []
    for words in _split(texts):
        words = (words or [])[:MOST_WORDS]
        for word in words:
            if word not in known:
                known[word] = zlib.crc32(word.encode("utf-8", "surrogatepass"))
        flat += [known[word] for word in words]
        lengths.append(len(words))
    single = np.asarray(flat, dtype=np.uint64)
    text = np.repeat(np.arange(len(texts), dtype=np.uint64), lengths)
    together = text[1:] == text[:-1]
    pairs = ((single[:-1] * np.uint64(PAIR) + single[1:]) % np.uint64(BITS))[together]
    shift = np.uint64(32)
    cells = np.unique(np.concatenate([text << shift | single, text[1:][together] << shift | pairs]))
    return (cells & np.uint64(BITS - 1)).astype(np.uint32), (cells >> shift).astype(np.int64)
