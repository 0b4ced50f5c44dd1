"""Work on pieces by several threads, with the answers in the pieces' order and only a few pieces at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

__all__ = ["in_order"]

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")


def in_order(work: Callable[[Piece], Answer], pieces: Iterable[Piece]) -> Iterator[Answer]:
    """``work`` of each piece, in order. At most one piece more than there are processors waits at a time."""
    ahead: deque[Future[Answer]] = deque()
    with ThreadPoolExecutor(pa.cpu_count()) as threads:
        try:
            for piece in pieces:
                ahead.append(threads.submit(work, piece))
                if len(ahead) > pa.cpu_count():
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()
