"""Prove: training code, reloaded artefact, batch and REST answer the same rows alike, or nothing is promoted."""

from __future__ import annotations

from importlib.metadata import version as installed

from tasks.stage import stage
from tidemill.provenance import code_version
from tidemill.results import ModelReference, Proof, Split
from tidemill.stages import Outcome, once
from tidemill.store import Store
from tidemill.usecase import UseCase

__all__ = ["prove"]

ANSWERING = ("xgboost", "numpy", "pandas", "pyarrow", "fastapi", "pydantic")
"""What answers hang on beside our own code: another version of one of these is proved anew."""


@stage("prove", timeout=1800)
def prove(use_case: UseCase, store: Store, split: Split, model: ModelReference) -> Outcome[Proof]:
    """Ask the stored model in every way for gate rows and odd ones made of them. The same code proves it once."""
    from tidemill.proving import PROBES

    return once(
        store,
        use_case.name,
        "prove",
        Proof,
        lambda: _prove(use_case, store, split, model),
        version=1,
        inputs={
            "model": model.id,
            "gate": split.gate.id,
            "probes": PROBES,
            "code": code_version(),
            "with": {name: installed(name) for name in ANSWERING},
            "use_case": use_case.fingerprint("columns", "clean", "derive", "time", "score", "serve", "seed"),
        },
        summary=_summary,
    )


def _prove(use_case: UseCase, store: Store, split: Split, model: ModelReference) -> Proof:
    from tidemill.proving import prove as ask

    return ask(store, use_case, split, model)


def _summary(proof: Proof) -> str:
    if not proof.passed:
        return proof.reasons[0].english
    return f"{proof.rows:,} rows agree in {len(proof.ways)} ways, largest difference {proof.largest:.1g}"
