"""Screens over spans. The table is loaded and indexed once; every screen is a set of pure judgements over it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from compass.agents.observe import observe, spark_of, strength_of
from compass.agents.screens.series import gap_unless_named, whole_window
from compass.analysis.spans import Bools, Floats, Ints, SpanIndex, index_spans
from compass.analysis.splits import Split, candidate_splits
from compass.domain.entity import EntityRef
from compass.domain.observation import Observation, Quantity, Stats, Verdict
from compass.domain.telemetry import Answer, SpanQuery
from compass.domain.time import NS_PER_S, Instant
from compass.ports.specialist import Look, StepResult
from compass.tables.spans import SpanTable

MIN_SPANS = 20
SPLIT_UNCERTAINTY_NS = 60 * NS_PER_S
ENOUGH = 20  # spans on each side from which "nothing unusual" says something
F = TypeVar("F")


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStudy:
    """The spans, their index, and the splits of time that leave spans on both sides (first: the given onset)."""

    answer: Answer[SpanTable]
    index: SpanIndex
    splits: tuple[Split, ...]
    detected_ns: int

    @property
    def times_ns(self) -> Ints:
        return self.answer.data.start_ns

    @property
    def complete(self) -> bool:
        """Whether absence in these spans may count as evidence."""
        return self.answer.coverage.complete

    def best(
        self,
        judge: Callable[[SpanIndex, Bools, Bools], Iterable[F]],
        key: Callable[[F], object],
        score: Callable[[F], float],
    ) -> list[tuple[F, Split]]:
        """For every key the finding of the split where it scores highest, best first (ties: the earlier split)."""
        best: dict[object, tuple[F, Split]] = {}
        for split in self.splits:
            for finding in judge(self.index, split.before(self.times_ns), split.now(self.times_ns)):
                known = best.get(key(finding))
                if known is None or score(finding) > score(known[0]):
                    best[key(finding)] = (finding, split)
        return sorted(best.values(), key=lambda pair: -score(pair[0]))


Judge = Callable[[TraceStudy, str], list[Observation]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceScreen:
    """One screening question over spans. `judges` are pure; their observations are merged, at most one a (sign,
    entity, verdict), anomalies first and at most `limit` of them."""

    agent: str
    id: str
    text: str
    judges: tuple[Judge, ...]
    hides: str
    cost: float = 1.0
    limit: int = 100

    async def run(self, look: Look) -> StepResult:
        """Raises SourceError from the port."""
        study = await trace_study(look)
        if not study.splits:
            gap = "no spans" if len(study.index) == 0 else "spans only on one side of the onset: nothing to compare"
            return StepResult(gaps=gap_unless_named(look.board, "traces", gap, self.hides), found=gap, work=self.cost)

        def judged() -> list[Observation]:
            return [seen for judge in self.judges for seen in judge(study, self.agent)]

        observations = select(await asyncio.to_thread(judged), self.limit)
        return StepResult(observations=observations, found=summary(observations), work=self.cost)


async def spans_of(look: Look) -> Answer[SpanTable]:
    """All spans of the whole window, shared."""
    window = whole_window(look.board)

    async def ask() -> Answer[SpanTable]:
        return await look.telemetry.spans(SpanQuery(window=window), deadline=look.deadline)

    return await look.shared.get("spans", ask)


async def trace_study(look: Look) -> TraceStudy:
    """The study of this board's onset, shared by all trace screens."""
    board = look.board
    detected = board.incident.detected_ns if board.incident else board.during.start_ns

    async def make() -> TraceStudy:
        answer = await spans_of(look)
        index = await asyncio.to_thread(index_spans, answer.data)
        times = answer.data.start_ns
        splits = tuple(
            split
            for split in candidate_splits(board.baseline, board.during, detected)
            if int(split.before(times).sum()) >= MIN_SPANS and int(split.now(times).sum()) >= MIN_SPANS
        )
        return TraceStudy(answer=answer, index=index, splits=splits, detected_ns=detected)

    return await look.shared.get(f"spans.study:{board.during.start_ns}", make)


def select(observations: Iterable[Observation], limit: int) -> tuple[Observation, ...]:
    """At most one a (sign, entity, verdict), the strongest; anomalies first, strongest first; no NORMAL beside an
    ANOMALY of the same sign and entity."""
    best: dict[tuple[str, str, Verdict], Observation] = {}
    for seen in observations:
        key = (seen.sign, seen.entity.key, seen.verdict)
        if key not in best or seen.strength > best[key].strength:
            best[key] = seen
    anomalies = [seen for seen in best.values() if seen.verdict is Verdict.ANOMALY]
    anomalies.sort(key=lambda seen: (-seen.strength, seen.sign, seen.entity.key))
    struck = {(seen.sign, seen.entity.key) for seen in anomalies}
    normal = [s for s in best.values() if s.verdict is Verdict.NORMAL and (s.sign, s.entity.key) not in struck]
    normal.sort(key=lambda seen: (seen.sign, seen.entity.key))
    return (*anomalies[:limit], *normal)


def summary(observations: Iterable[Observation]) -> str:
    """One line for the live view: the strongest anomaly."""
    return next((seen.text[:120] for seen in observations if seen.verdict is Verdict.ANOMALY), "nothing unusual")


def anomaly(
    study: TraceStudy,
    agent: str,
    sign: str,
    entity: EntityRef,
    split: Split,
    text: str,
    *,
    score: float,
    half: float,
    value: Quantity,
    baseline: Quantity,
    samples: tuple[int, int],
    method: str,
    peer: EntityRef | None = None,
    curve: tuple[Ints, Floats] | None = None,
) -> Observation:
    """An ANOMALY over spans. `samples` = (now, before); `half` is the score of strength 0.5."""
    return observe(
        agent=agent, sign=sign, entity=entity, verdict=Verdict.ANOMALY, text=text, answer=study.answer,
        strength=strength_of(score, half), since=Instant(ns=split.at_ns, uncertainty_ns=SPLIT_UNCERTAINTY_NS),
        value=value, baseline=baseline, peer=peer,
        stats=Stats(method=method, score=round(score, 4), samples=samples[0], baseline_samples=samples[1]),
        spark=spark_of(*curve, split.at_ns) if curve is not None else None,
    )  # fmt: skip


def normal(
    study: TraceStudy, agent: str, sign: str, entity: EntityRef, text: str, samples: tuple[int, int]
) -> list[Observation]:
    """A NORMAL over spans, or nothing where coverage or counts make absence meaningless."""
    if not study.complete or min(samples) < ENOUGH:
        return []
    stats = Stats(method="spans", score=0.0, samples=samples[0], baseline_samples=samples[1])
    return [
        observe(
            agent=agent, sign=sign, entity=entity, verdict=Verdict.NORMAL, text=text, answer=study.answer, stats=stats
        )
    ]


def visits(study: TraceStudy, count: int) -> str:
    """`1080 visits`; `1080 sampled visits (1 in 5)` where only a share of the traces was kept."""
    kept = study.answer.coverage.sampling
    if kept <= 0 or study.answer.coverage.unsampled:
        return f"{count} visits"
    one_in = round(1 / kept)
    share = f"1 in {one_in}" if abs(1 / kept - one_in) < 0.05 else f"{kept:.2g} of all"
    return f"{count} sampled visits ({share})"


def compared(study: TraceStudy, split: Split) -> str:
    """In words, what "before" means here."""
    if split.given:
        return "before the onset"
    return f"until {(study.detected_ns - split.at_ns) / NS_PER_S:.0f} s before the page"
