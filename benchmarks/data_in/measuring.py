"""What a run took and held."""

from __future__ import annotations

import json
import resource
import time

__all__ = ["Stopwatch", "told"]


class Stopwatch:
    """Wall seconds by stage, and of the processor in all."""

    def __init__(self) -> None:
        self._started = self._lap = time.perf_counter()
        self._processor = time.process_time()
        self.stages: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        """The stage that ends now."""
        now = time.perf_counter()
        self.stages[stage], self._lap = round(now - self._lap, 2), now

    @property
    def seconds(self) -> float:
        """Wall time up to the last lap."""
        return round(self._lap - self._started, 2)

    @property
    def processor(self) -> float:
        """Processor time of all threads until now."""
        return round(time.process_time() - self._processor, 2)


def told(watch: Stopwatch, rows: int) -> None:
    """Print what was measured, as JSON."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    print(
        json.dumps(
            {
                "rows": rows,
                "seconds": watch.seconds,
                "processor_seconds": watch.processor,
                "stages": watch.stages,
                "peak_gb": round(peak, 3),
            }
        )
    )
