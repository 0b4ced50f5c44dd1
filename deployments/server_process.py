"""The Prefect server's own process under `tidemill up`: the command `prefect` with the arguments given.

Started as a script by :mod:`deployments.up`.
"""

from __future__ import annotations

import runpy

from deployments.garbage import collect_beside

__all__: list[str] = []


if __name__ == "__main__":
    collect_beside()
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)
