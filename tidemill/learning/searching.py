"""The search: settings tried one after another, on few rows first, each stored as it ends.

What does well on the smallest sample is tried again on larger ones, between trials of new settings (after
successive halving: Jamieson and Talwalkar, 2016), so that at any moment there is a best model so far.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from tidemill.errors import UserError
from tidemill.learning.bagging import choose_members
from tidemill.learning.boosting import WIDE
from tidemill.learning.ending import Ends
from tidemill.learning.linear import LinearTrial, try_lines
from tidemill.learning.lockstep import Curve, FoldMatrices, boost, seconds_a_round
from tidemill.learning.memory import peak_memory
from tidemill.learning.planning import MOST_OF_THE_ROWS, Limits, fit_seconds, plan_fits, rounds_on
from tidemill.learning.preparing import Prepared
from tidemill.learning.sampling import Proposal, Sampling
from tidemill.learning.scores import higher_is_better
from tidemill.learning.sharing import SharedStudy
from tidemill.learning.space import DEAR_RATE, Space
from tidemill.learning.starting import Starts
from tidemill.learning.trials import Trial, TrialLog
from tidemill.progress import TrialFinished, emit
from tidemill.results import Fit, Line

__all__ = ["MOST_TRIALS", "Search", "space_of"]

MOST_TRIALS = 300
MOST_FIT_SHARE = 0.25
FIRST_FIT_SHARE = 0.7
CHOOSING_SECONDS = 1.0
SMALL_ROWS = 20_000
FEW_MEMBERS, MANY_MEMBERS = 5, 8
FEW_SEEDS, MANY_SEEDS = 1, 5
REPEAT_EVERY = 4
REPEAT_SHARE = 0.5
TRIAL_SHARE = 0.16
LONGEST_TRIAL_SHARE = 0.2
LINES_SHARE = 0.1
MOST_READING_SHARE = 0.5
SHORT_TRIAL_SHARE = 0.07
FEWEST_SHORT_TRIALS = 2
WORTHWHILE_PROGRESS, WHOLE_PROGRESS = 6.0, 12.0
RATES = (0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3)


class Search:
    """One run over the trials of a study, from the first that the lake does not hold yet.

    ``budget`` are seconds that count from ``started`` (a moment of ``time.perf_counter``); with a ``count`` of trials
    no decision looks at the clock. ``ends`` are those of intervals, where they will be boosted too. ``helping`` is how
    many trials at most a process tries that plans nothing itself; 0 for one that does.
    """

    def __init__(
        self,
        prepared: Prepared,
        log: TrialLog,
        first: Starts,
        shared: SharedStudy | None,
        budget: float,
        started: float,
        count: int | None,
        *,
        ends: Ends | None = None,
        helping: int = 0,
    ) -> None:
        self.metric = prepared.problem.metric
        self._log = log
        self._most = count or MOST_TRIALS
        self.trials = self._known()
        self.tried = 0
        self._first = first
        self._shared = shared
        self._ends = ends
        self._helping = helping
        self._prepared = prepared
        self._sign = 1.0 if higher_is_better(self.metric) else -1.0
        self._count = count
        self._budget = budget
        self._started = started
        self._spent = 0.0 if shared else sum(trial.seconds for trial in self.trials)
        self._preparing = time.perf_counter() - started - prepared.choosing
        if prepared.data.stream is not None and count is None:
            reading = prepared.data.stream.seconds()
            self._preparing += reading if reading < MOST_READING_SHARE * budget else 0.0
        self._matrices: dict[int, FoldMatrices] = {}
        self._lines: list[LinearTrial] = []
        self._straightening = 0.0
        self._small = prepared.data.rows <= SMALL_ROWS
        self._dear = False
        self._fewest = REPEAT_EVERY

    @property
    def used(self) -> float:
        """Seconds of the budget that are gone, those of earlier runs among them."""
        return self._spent + time.perf_counter() - self._started

    @property
    def fit_seconds(self) -> float | None:
        """Seconds of the budget that are left for the final fit; None where no clock is looked at."""
        left = self._budget - self.used - self._finishing()
        return None if self._count is not None else round(max(left, 0.0), 3)

    @property
    def ends_rounds(self) -> int | None:
        """How many rounds of the ends of intervals there is time for, once there is a plan; None: no clock says."""
        return None if self._ends is None else self._ends.rounds

    def run(self) -> None:
        """Try settings until the number is reached or the clock says stop; each is stored at once."""
        if not self._helping:
            self._lines = self._tried_lines()
        if not self._goes_on():
            return
        space = self._space()
        self._dear = space.dear
        starts = [
            {**one, "learning_rate": max(float(one["learning_rate"] or 0.0), space.slowest)}
            for one in (*self._first.settings[: self._first.champions], *space.starting_points())
        ]
        self._fewest = REPEAT_EVERY if space.dear else max(len(starts), REPEAT_EVERY)
        known = self._log.read()
        sampling = Sampling(self.metric, self._prepared.problem.seed, known, space, starts=starts, shared=self._shared)
        try:
            while self._goes_on():
                self._try(sampling, self._promoted())
            if self._ends_on_all_rows():
                self._try(sampling, self._ranked()[0], last=True)
        finally:
            sampling.close()

    def _tried_lines(self) -> list[LinearTrial]:
        """Lines for the linear member; by the clock only where they are quick."""
        began = time.perf_counter()
        seconds = None if self._count is not None else LINES_SHARE * self._budget
        lines = try_lines(self._prepared.data, self._prepared.problem, self._prepared.folds, seconds=seconds)
        if lines and seconds is not None:
            self._straightening = 2.0 * (time.perf_counter() - began) / len(lines)
        return lines

    def _try(self, sampling: Sampling, again: Trial | None, *, last: bool = False) -> None:
        """One trial, of a new setting or of one ``again`` on more rows: on all that there are if it is the ``last``.

        Or a moment's wait, where other processes are at the last ones.
        """
        began, at = time.perf_counter(), datetime.now(UTC)
        held = peak_memory()
        proposal = sampling.propose(self._most, again.parameters if again else None)
        if proposal is None:
            sampling.wait()
            self.trials = self._known()
            return
        rung = len(self._prepared.rungs) - 1 if last else again.rung + 1 if again else 0
        seconds = self._left() if last else self._seconds_for(again)
        curve = boost(
            self._folds(rung),
            self._prepared.problem,
            proposal.parameters,
            hopeless=None if again else proposal.hopeless,
            deadline=None if self._count else began + seconds,
        )
        trial = self._trial(proposal, rung, curve, time.perf_counter() - began, at, held)
        best = not self._ranked() or self._sign * trial.value > self._sign * self._ranked()[0].value
        self._log.write(trial, curve.margins, curve.booster if best else None)
        sampling.learn(trial)
        self.tried += 1
        self.trials = self._known() if self._shared else [*self.trials, trial]
        self._tell(trial)

    def _seconds_for(self, again: Trial | None) -> float:
        """How long a trial may take: one of a new setting no more than its share, so that there are others.

        That is less where it tells of a final fit on far more rows, which has time for few rounds too.
        """
        left = max(self._left_for_trials(), 0.0)
        share = SHORT_TRIAL_SHARE if self._dear and len(self._prepared.rungs) > 1 else LONGEST_TRIAL_SHARE
        return left if again else min(left, share * self._budget)

    def _ends_on_all_rows(self) -> bool:
        """Whether the best setting is to be grown on all rows but those that it is judged on, for all that is left.

        So where rounds are dear, and a sample can't tell how many all rows are worth: what is grown is the Model.
        """
        prepared, best = self._prepared, self._ranked()[:1]
        top = len(prepared.rungs) - 1
        whole = self._rows(top) >= MOST_OF_THE_ROWS * prepared.data.rows
        asked = self._count is None and not self._helping and self._shared is None
        return asked and self._dear and whole and all(one.rung < top for one in best) and self._left() > 0

    def _known(self) -> list[Trial]:
        return [trial for trial in self._log.read() if trial.number < self._most]

    def plan(self, limits: Limits) -> tuple[tuple[int, ...], tuple[Fit, ...], Line | None]:
        """The trials that the Model is made of, and how each is fitted; by the clock, as there is time for.

        And the linear member beside them, if there is one.
        """
        ranked = self._ranked()
        most = MANY_MEMBERS if self._small else FEW_MEMBERS
        margins = {trial.number: self._log.margins(trial.number) for trial in ranked[: most * 3]}
        problem, data = self._prepared.problem, self._prepared.data
        targets = [data.target[fold.check] for fold in self._prepared.folds]
        judged = [None if data.judged is None else data.judged[fold.check] for fold in self._prepared.folds]
        lists = [data.lists_of(fold.check) for fold in self._prepared.folds]
        candidates = [trial for trial in self.trials if trial.number in margins]
        asked = targets, problem.task, problem.metric, most, judged, lists
        chosen = choose_members(candidates, margins, *asked, of_times=data.ages is not None)
        if self._ends is not None:
            self._ends.bound(next(trial for trial in candidates if trial.number == chosen[0]))
        fits = plan_fits(
            {trial.number: trial for trial in self.trials},
            chosen,
            rows=data.rows,
            outputs=problem.outputs,
            seeds=MANY_SEEDS if self._small else FEW_SEEDS,
            limits=limits,
            seconds=None if self.fit_seconds is None else self.fit_seconds - self._preparing,
        )
        kept = {fit.trial for fit in fits}
        members = tuple(number for number in chosen if number in kept)
        trees = sum(margins[number].astype(np.float64) for number in members) / len(members)
        shares = [(line, *line.share(np.asarray(trees), problem, targets, judged)) for line in self._lines]
        best = max(shares, key=lambda share: share[2], default=None)
        line = Line(tenths=best[1], strength=best[0].strength) if best is not None and best[1] else None
        return members, fits, line

    def _space(self) -> Space:
        """What is searched: by the clock, without learning rates too slow for a trial or the fit to come to an end."""
        space = space_of(self._prepared)
        if self._count is not None:
            return space
        pace = seconds_a_round(self._folds(0), self._prepared.problem, space.starting_points()[0])
        whole = pace * self._prepared.data.rows / self._rows(0)
        needed = WORTHWHILE_PROGRESS * pace / (TRIAL_SHARE * self._budget)
        dear = False
        if self._one_of_chance():
            needed = max(needed, WHOLE_PROGRESS * whole / (FIRST_FIT_SHARE * self._budget))
            dear = needed >= DEAR_RATE
        if needed <= space.slowest:
            return space
        return replace(space, slowest=next((rate for rate in RATES if rate >= needed), RATES[-1]), dear=dear)

    def _one_of_chance(self) -> bool:
        """Whether rows are divided once, at random: then what was grown on the fit rows may be the Model."""
        return len(self._prepared.folds) == 1 and self._prepared.data.ages is None

    def _folds(self, rung: int) -> FoldMatrices:
        if rung not in self._matrices:
            self._matrices[rung] = FoldMatrices(self._prepared.data, self._prepared.rungs[rung])
        return self._matrices[rung]

    def _promoted(self) -> Trial | None:
        """The trial to be repeated on more rows now: the best of those that were not, when it is time for it."""
        tried = {(trial.rung, tuple(sorted(trial.parameters.items(), key=str))) for trial in self.trials}
        for rung in reversed(range(len(self._prepared.rungs) - 1)):
            ranked = [trial for trial in self._ranked() if trial.rung == rung]
            best = [
                trial
                for trial in ranked[: max(1, len(ranked) // REPEAT_EVERY)]
                if (rung + 1, tuple(sorted(trial.parameters.items(), key=str))) not in tried
            ]
            if best and self._time_to_repeat(rung, best[0]):
                return best[0]
        return None

    def _time_to_repeat(self, rung: int, trial: Trial) -> bool:
        here = [one for one in self.trials if one.rung == rung]
        above = [one for one in self.trials if one.rung > rung]
        if len(here) < max(REPEAT_EVERY * (len(above) + 1), 0 if rung else self._fewest):
            return False
        if self._count is not None:
            return True
        took = trial.seconds * self._rows(rung + 1) / self._rows(rung)
        return (
            sum(one.seconds for one in above) <= REPEAT_SHARE * sum(one.seconds for one in here)
            and took < self._left_for_trials()
        )

    def _rows(self, rung: int, folds: int | None = None) -> int:
        return sum(len(fold.fit) for fold in self._prepared.rungs[rung][:folds])

    def _goes_on(self) -> bool:
        if self._helping and (self.tried >= self._helping or self.used >= self._budget):
            return False
        if self._count is not None:
            return len(self.trials) < self._count
        if not self._ranked():
            return True
        if self._dear and len(self.trials) < FEWEST_SHORT_TRIALS:  # shallow and deep trees: nothing tells more
            return self._left() > 0
        typical = sorted(trial.seconds for trial in self.trials)[len(self.trials) // 2]
        return len(self.trials) < MOST_TRIALS and self._left_for_trials() > typical / 2.0

    def _left_for_trials(self) -> float:
        """Seconds left when those that choosing and the final fit will need are kept back; a helper does neither."""
        if self._helping:
            return self._budget - self.used
        rows = self._prepared.data.rows
        fits = [fit_seconds(trial, rounds_on(trial, rows), rows) for trial in self._ranked()[:FEW_MEMBERS]]
        several = min(sum(fits), self._budget * MOST_FIT_SHARE)
        alone = min(fits[0], self._budget * FIRST_FIT_SHARE) if fits else 0.0
        return self._left() - max(several, alone)

    def _left(self) -> float:
        """Seconds left for trials and the final fit, when what comes between and after them is kept back."""
        return self._budget - self.used - self._preparing - self._finishing() - CHOOSING_SECONDS

    def _finishing(self) -> float:
        """Seconds that what comes after the fits will take: the line on folds and all rows, the ends of intervals."""
        best = next(iter(self._ranked()), None)
        return self._straightening + (self._ends.seconds(best) if self._ends else 0.0)

    def _ranked(self) -> list[Trial]:
        finished = [trial for trial in self.trials if trial.state == "finished"]
        return sorted(finished, key=lambda trial: (-self._sign * trial.value, trial.number))

    def _trial(
        self, proposal: Proposal, rung: int, curve: Curve, seconds: float, began: datetime, held: int | None
    ) -> Trial:
        if not math.isfinite(curve.value):
            raise UserError(
                f"the metric `{self.metric}` is undefined on the validation rows: "
                "choose another under `tune.metric`, or bring more rows"
            )
        peak = peak_memory()
        return Trial(
            number=proposal.number,
            state="pruned" if curve.pruned else "finished",
            parameters=proposal.parameters,
            value=curve.value,
            folds=curve.folds,
            rounds=curve.rounds,
            ran=curve.ran,
            reported=curve.reported,
            cut=curve.cut,
            seconds=round(seconds, 3),
            began=began,
            rows=self._rows(rung, len(curve.folds)),
            memory=peak,
            rise=None if peak is None or held is None else peak - held,
            reason=proposal.reason,
            rung=rung,
        )

    def _tell(self, trial: Trial) -> None:
        ranked = self._ranked()
        emit(
            TrialFinished(
                number=trial.number,
                value=None if trial.state == "pruned" else trial.value,
                best=ranked[0].value if ranked else None,
                metric=self.metric,
                seconds_left=max(self._budget - self.used, 0.0),
            )
        )


def space_of(prepared: Prepared) -> Space:
    """What is searched for these rows, where a trial may take as long as it likes."""
    return Space(
        task=prepared.problem.task,
        ordered=prepared.data.ages is not None,
        categories=any(feature.kind == "category" for feature in prepared.data.recipe.features),
        wide=prepared.data.matrix.shape[1] >= WIDE,
    )
