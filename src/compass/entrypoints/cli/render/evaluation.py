"""The screens of `compass eval`: tables a person reads, and can paste into a report."""

from __future__ import annotations

import math

from rich.text import Text

from compass.entrypoints.cli.render.evaluated_model import model_lines
from compass.entrypoints.cli.render.tables import share, table
from compass.evaluation.calibration import Calibration
from compass.evaluation.diff import Figure, Moved, Paired, ReportDiff, SetDiff
from compass.evaluation.report import Accuracy, Report

AIM_TRUE_REFUTED = 0.02
MOST_MOVED = 40


def report_screen(report: Report) -> list[Text]:
    """Everything the report says, cases apart."""
    lines = [*_accuracy(report), Text()]
    lines += model_lines(report)
    lines += [*_other(report), Text(), *_calibration(report), Text(), *_strategies(report), Text(), *_faults(report)]
    if report.repeats is not None:
        changed = report.repeats.changed
        said = f"changed between runs: {', '.join(changed)}" if changed else "nothing changed between runs"
        lines += [Text(), Text(f"{report.repeats.runs} runs: {said}")]
    errors = [c for s in report.sets.values() for c in s.cases if c.error is not None]
    if errors:
        lines += [Text(), Text(f"{len(errors)} with errors (counted as they are, misses where no answer came):")]
        lines += [Text(f"  {c.id}: {c.error}") for c in errors[:10]]
    return lines


def diff_screen(diff: ReportDiff) -> list[Text]:
    """What became better or worse, set by set."""
    lines: list[Text] = []
    for name, missing in (("first", diff.missing_before), ("second", diff.missing_after)):
        if missing:
            lines.append(Text(f"not in the {name} report: {', '.join(missing)}"))
    if not diff.same_table:
        lines.append(Text("the two reports come from different tables of likelihoods"))
    for one in diff.sets:
        lines += [Text(), *_set_diff(one)]
    if diff.paired is not None and len(diff.sets) > 1:
        lines += [Text(), Text("all sets", style="bold"), *_paired(diff.paired)]
    return lines or [Text("the reports have no set in common")]


def _accuracy(report: Report) -> list[Text]:
    head = ("set", "n", "AC@1", "95 %", "AC@3", "AC@5", "Avg@5", "95 %", "median s", "p95 s")
    rows = []
    for name, s in report.sets.items():
        rows.append((name, *_row(s.entity), _seconds(s.seconds.median), _seconds(s.seconds.p95)))
        if s.diagnosis is not None:
            rows.append(("  and mechanism", *_row(s.diagnosis), "", ""))
        for rival, sets in report.rivals.items():
            if name in sets:
                r = sets[name]
                rows.append((f"  {rival}", *_row(r.entity), _seconds(r.seconds.median), _seconds(r.seconds.p95)))
    return table(head, rows)


def _row(a: Accuracy) -> tuple[str, ...]:
    return (
        str(a.n), share(a.ac1), _interval(a.ac1_interval), share(a.ac3), share(a.ac5), share(a.avg5),
        _interval(a.avg5_interval),
    )  # fmt: skip


def _other(report: Report) -> list[Text]:
    head = (
        "set", "trigger", "n", "none: precision", "recall", "decoys blamed", "not listed led", "no incident led",
        "work", "peak MB", "errors",
    )  # fmt: skip
    rows = []
    for name, s in report.sets.items():
        t = s.trigger
        triggers = ("-", "0", "-", "-") if t is None else (
            share(t.ac1), str(t.n), share(t.abstain_precision), share(t.abstain_recall)
        )  # fmt: skip
        decoys = f"{s.decoys_blamed} of {s.decoys_labelled}" if s.decoys_labelled else "-"
        led = [f"{led.n} ({led.right} right)" for led in (s.not_listed_led, s.no_incident_led)]
        rows.append((name, *triggers, decoys, *led, f"{s.work.median:.0f}", f"{s.peak_mb:.0f}", str(s.errors)))
    return table(head, rows)


def _calibration(report: Report) -> list[Text]:
    head = ("confidence", "n", "said", "right", "error", "95 %", "floor", "Brier", "base", "gain", "log loss", "base")
    rows = [_calibrated(name, s.calibration) for name, s in report.sets.items()]
    rows.append(_calibrated("all", report.calibration))
    lines = table(head, rows)
    lines += [Text(), *table(("reliability", "n", "said", "right"), _bins(report.calibration))]
    return lines


def _calibrated(name: str, c: Calibration) -> tuple[str, ...]:
    said = sum(b.n * b.said for b in c.bins) / c.n
    return (
        name, str(c.n), share(said), share(c.base_rate), share(c.ece), _interval(c.ece_interval), share(c.ece_floor),
        share(c.brier), share(c.brier_base), share(c.brier_skill), share(c.log_loss), share(c.log_loss_base),
    )  # fmt: skip


def _bins(c: Calibration) -> list[tuple[str, ...]]:
    return [(f"  bin {i}", str(b.n), share(b.said), share(b.right)) for i, b in enumerate(c.bins, start=1)]


def _strategies(report: Report) -> list[Text]:
    totals: dict[str, list[int]] = {}
    for s in report.sets.values():
        for name, r in s.strategies.items():
            found = totals.setdefault(name, [0, 0, 0, 0, 0])
            for i, value in enumerate((r.wrong, r.wrong_refuted, r.true, r.true_refuted, r.true_cut)):
                found[i] += value
    rows = [
        (name, f"{refuted} of {n}", share(refuted / n if n else None), f"{lost} of {m}", share(lost / m if m else None),
         str(cut))
        for name, (n, refuted, m, lost, cut) in sorted(totals.items())
    ]  # fmt: skip
    head = ("strategy", "wrong refuted", "share", "true refuted", f"share (aim ≤ {AIM_TRUE_REFUTED:.2f})", "cut off")
    return table(head, rows)


def _faults(report: Report) -> list[Text]:
    head = ("fault type", "n", "AC@1", "95 %", "AC@3", "AC@5", "Avg@5", "95 %")
    rows = []
    for name, s in report.sets.items():
        rows += [(f"{name} {fault}", *_row(a)) for fault, a in s.fault_types.items()]
    return table(head, rows)


def _set_diff(diff: SetDiff) -> list[Text]:
    extra = [f"{n} only in the {which}" for n, which in ((diff.only_before, "first"), (diff.only_after, "second")) if n]
    lines = [Text(f"{diff.name}: {', '.join([f'{diff.common} cases in both', *extra])}", style="bold")]
    if extra:
        lines.append(Text("the figures are of all cases of each report, so not of the same cases"))
    lines += table(("", "before", "after", "change"), [_figure(f) for f in diff.figures])
    said = f"first places won {diff.won}, lost {diff.lost}"
    if diff.won or diff.lost:
        said += f" (as uneven by chance: {diff.chance:.2f})"
    lines.append(Text(said))
    if diff.paired is not None:
        lines += _paired(diff.paired)
    lines += [Text(_moved(m)) for m in diff.moved[:MOST_MOVED]]
    if len(diff.moved) > MOST_MOVED:
        lines.append(Text(f"  and {len(diff.moved) - MOST_MOVED} more"))
    return lines


def _paired(p: Paired) -> list[Text]:
    return [
        Text(f"the same {p.n} cases: {name} {mean:+.3f} ({low:+.3f} to {high:+.3f})")
        for name, mean, (low, high) in (("AC@1", p.ac1, p.ac1_interval), ("AC@3", p.ac3, p.ac3_interval))
    ]


def _figure(f: Figure) -> tuple[str, ...]:
    mark = "" if abs(f.change) < 5e-4 or math.isnan(f.change) else (
        " better" if (f.change > 0) == f.higher_is_better else " worse"
    )  # fmt: skip
    return f"  {f.name}", share(f.before), share(f.after), f"{f.change:+.3f}{mark}"


def _moved(m: Moved) -> str:
    before, after = (str(r) if r is not None else "not listed" for r in (m.before, m.after))
    return f"  {m.id} ({m.fault_type}): rank {before} → {after}"


def _interval(bounds: tuple[float, float]) -> str:
    return f"{share(bounds[0])}–{share(bounds[1])}"


def _seconds(value: float) -> str:
    return f"{value:.2f}"
