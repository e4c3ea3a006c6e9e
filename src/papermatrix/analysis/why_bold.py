"""Why a number is in bold, or is not, in sentences: for `papermatrix explain`."""

from __future__ import annotations

from papermatrix.analysis.best import Best, Verdict
from papermatrix.analysis.best_notes import noun_of, tests_text
from papermatrix.analysis.inference import ALPHA, Difference, Interval, Untested
from papermatrix.config.stages import SampleNames, counted
from papermatrix.config.tables import Table
from papermatrix.results.values import CellResult
from papermatrix.statistics.holm import fewest_clusters


def why_bold(table: Table, best: Best, position: int, result: CellResult, names: SampleNames) -> list[str]:
    """Return a sentence for each contest that a cell's number takes part in, or why it is in none."""
    cell = result.cell
    verdicts = best.verdicts((*cell.labels, position))
    if verdicts:
        return list(dict.fromkeys(_why(verdict, names) for verdict in verdicts))
    if not table.best:
        return ["not bold: the table has best: false"]
    if cell.better in (None, "none"):
        said = "says that none is better" if cell.better else "does not say whether higher or lower is better"
        return [f"not bold: the table {said}"]
    if (cell.column if table.best == "rows" else cell.row).derivation:
        return ["not bold: what is derived is no rival of what it is made of"]
    if not result.has_value or not cell.is_ours:
        return ["not bold: no number of ours"]
    return ["not bold: there is no other number to be better than"]


def _why(verdict: Verdict, names: SampleNames) -> str:
    word = "bold" if verdict.is_bold else "not bold"
    if verdict.is_refused:
        return f"{word}: {_refusal(verdict, names)}"
    if verdict.difference is None:
        return f"{word}: the best" if verdict.is_bold else f"{word}: the best, but of nothing comparable"
    best = _name(verdict.best)
    if isinstance(verdict.difference, Untested):
        if verdict.difference is Untested.SAME:
            return f"{word}: the same number as the best, {best}"
        return f"{word}: not tested against the best, {best}, since {verdict.difference}"
    judgement = "not significantly worse" if (verdict.p_corrected or 0) > ALPHA else "significantly worse"
    by_value = "; bold since no bold number is better" if verdict.by_value else ""
    return (
        f"{word}: {judgement} than the best, {best}, which is ahead by"
        f" {difference_text(verdict.difference, names, verdict)}{by_value}"
    )


def difference_text(difference: Difference, names: SampleNames, verdict: Verdict | None = None) -> str:
    """Write a difference with its interval, p-value and test, and the number of samples."""
    p = f"p = {difference.p_value:.3g}"
    if verdict and verdict.p_corrected is not None and verdict.rivals > 1:
        p += f", {verdict.p_corrected:.3g} corrected for {verdict.rivals} rivals"
    (test,) = tests_text([difference.test], names)
    of = f", {difference.test.samples:,} {names.samples}" if difference.test.samples else ""
    return f"{difference.value:.4g}{interval_text(difference.interval, names)}, {p}, by {test}{of}"


def interval_text(interval: Interval | None, names: SampleNames) -> str:
    """Write an interval as it follows a number; nothing where there is none."""
    return f" ({interval.text('.4g', names)})" if interval else ""


def _refusal(verdict: Verdict, names: SampleNames) -> str:
    difference = verdict.difference
    tests = [difference.test] if isinstance(difference, Difference) else []
    noun = noun_of(tests, names)
    many = f"{verdict.rivals} rivals" if verdict.rivals > 1 else "a rival"
    count = counted(tests[0].clusters, noun) if tests else f"so few {noun}"
    least = fewest_clusters(ALPHA, verdict.rivals)
    return f"with {count} no test could tell {many} from the best; it takes {least}"


def _name(result: CellResult) -> str:
    cell = result.cell
    return f"{', '.join(cell.shown_labels)} ({result.mean * cell.factor:{cell.number_format}})"
