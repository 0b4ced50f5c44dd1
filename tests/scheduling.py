"""Which test files `make test` gives to one worker: those that share what takes seconds to make."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

__all__ = ["SHARING", "Sharing"]

SHARING = {
    "a Prefect server and a first training (tests/integration/conftest.py)": (
        "tests/integration/test_approval_form.py",
        "tests/integration/test_cli_refusals.py",
        "tests/integration/test_delayed_labels.py",
        "tests/integration/test_erasing.py",
        "tests/integration/test_fetched_sources.py",
        "tests/integration/test_judging_input.py",
        "tests/integration/test_mended_training.py",
    ),
    "another such server and training": (
        "tests/integration/test_personal_data.py",
        "tests/integration/test_quarantine.py",
        "tests/integration/test_ranking_flow.py",
        "tests/integration/test_shared_tuning.py",
        "tests/integration/test_sources_that_answer.py",
        "tests/integration/test_training_flow.py",
        "tests/integration/test_traps.py",
        "tests/integration/test_whole_life.py",
    ),
    "judged versions (tests/judged.py)": (
        "tests/unit/cli/test_decisions_on_pages.py",
        "tests/unit/evaluation/test_driving.py",
        "tests/unit/evaluation/test_judging.py",
        "tests/unit/reporting/",
    ),
    "houses (tests/champions.py)": (
        "tests/unit/cli/test_commands.py",
        "tests/unit/cli/test_contract.py",
        "tests/unit/cli/test_tracing.py",
        "tests/unit/proving/test_any_row.py",
        "tests/unit/scoring/test_scoring.py",
        "tests/unit/serving/test_service.py",
    ),
}


class Sharing(LoadFileScheduling):
    """Whole files, and those that share something together: it is made once, not once a worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((what for what, files in SHARING.items() if file.startswith(files)), file)
