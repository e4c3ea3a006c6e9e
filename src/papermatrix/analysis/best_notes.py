"""What is said under a table about its marks: which tests, of what, and where there was none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from papermatrix.analysis.best import Best, Contest
from papermatrix.analysis.inference import ALPHA, Kind, Test, Untested
from papermatrix.config.stages import SampleNames, counted
from papermatrix.config.tables import Table
from papermatrix.statistics.holm import fewest_clusters

MANY_CLUSTERS = 60
"""With fewer, some that lie far off make a test find differences too often (docs/statistics.md)."""
_SCOPES = {"rows": "of a row", "groups": "of a column and group"}


def best_notes(table: Table, best: Best, names: SampleNames) -> Iterator[str]:
    """Yield sentences about what is in bold, and about what is not."""
    marked = [contest for contest in best.contests if contest.has_bold]
    if tested := [contest for contest in marked if contest.tests]:
        yield _bold(table, tested, names)
        tests = [test for contest in tested for test in contest.tests]
        if few := [test for test in tests if 0 < test.clusters < MANY_CLUSTERS]:
            yield (
                f"With fewer than {MANY_CLUSTERS} {noun_of(few, names)}, a few that lie far off can make"
                " such a test find differences too often."
            )
    if plain := [contest for contest in marked if not contest.tests]:
        yield f"Bold without a test of significance: the best of {_names(plain)}."
    if by_value := list(dict.fromkeys(name for contest in tested for name in _bold_by_value(contest))):
        where = "; ".join(by_value)
        yield f"Bold by its value, at least as good as a bold one, not by its own test: {where}."
    yield from _refused(best, names)
    yield from _untested(best)
    if best.undeclared:
        columns = ", ".join(best.undeclared)
        yield f"No best is in bold where nothing says whether higher or lower is better: {columns}."


def noun_of(tests: Sequence[Test], names: SampleNames) -> str:
    """Return what the tests' clusters are called; samples, where each is its own."""
    return names.clusters if all(test.has_clusters for test in tests) else names.samples


def _bold(table: Table, contests: Sequence[Contest], names: SampleNames) -> str:
    scope = _SCOPES.get(str(table.best), "of a column") + (" and variant" if len(table.variants) > 1 else "")
    tests = dict.fromkeys(test for contest in contests for test in contest.tests)
    ours = " of ours" if any(row.values for row in table.rows) else ""
    is_corrected = any(v.rivals > 1 for contest in contests for v in contest.verdicts.values())
    return (
        f"Bold: the best{ours} {scope} and what is not significantly worse, each tested against the best by"
        f" {'; by '.join(tests_text(tests, names))}. Two-sided, alpha {ALPHA:g}"
        f"{', corrected for the number of rivals (Holm)' if is_corrected else ''}; the best was picked by the"
        " same numbers, which is not corrected for."
    )


def tests_text(tests: Iterable[Test], names: SampleNames) -> Iterator[str]:
    """Name each kind of test once, with how many clusters it was over and what it asks."""
    counts: dict[tuple[str, str], list[int]] = {}
    for test in tests:
        counts.setdefault(_phrases(test, names), []).append(test.clusters)
    for (before, after), found in counts.items():
        fewest, most = min(found), max(found)
        yield before.format(fewest if fewest == most else f"{fewest} to {most}") + after


def _phrases(test: Test, names: SampleNames) -> tuple[str, str]:
    """Return a test's name with a gap for the number of clusters, and its question."""
    noun = noun_of([test], names)
    clusters = "{} " + noun + ("" if test.has_clusters else ", taken as independent")
    seeds = str(test.seeds[0]) if test.is_paired else f"{test.seeds[0]} and {test.seeds[1]}"
    if test.kind is Kind.SIGN_FLIPS:
        means = " of the seeds' means" if max(test.seeds) > 1 else ""
        question = f"do these trainings differ on other {noun}?"
        return f"a sign-flip permutation test{means} over {clusters}", f" ({question})"
    if test.kind is Kind.TWO_WAY:
        pairing = "the same seeds of both" if test.is_paired else "each method's own seeds"
        question = f"do the methods differ, trained again, on other {noun}?"
        return f"a two-way test over {seeds} seeds and {clusters}, with {pairing}", f" ({question})"
    kind = "a paired t-test" if test.is_paired else "Welch's t-test"
    data = "the same data" if test.has_one_data else "other data, which each seed has its own of"
    return f"{kind} over {seeds} seeds", f" (do the methods differ, trained again, on {data}?)"


def _bold_by_value(contest: Contest) -> Iterator[str]:
    for verdict in contest.verdicts.values():
        if verdict.is_bold and verdict.by_value:
            yield ", ".join(verdict.result.cell.shown_labels)


def _refused(best: Best, names: SampleNames) -> Iterator[str]:
    """Say where no p-value could have decided, and what it would take."""
    refused: dict[tuple[int, int, str], list[Contest]] = {}
    for contest in best.contests:
        rivals = max((v.rivals for v in contest.verdicts.values() if v.is_refused), default=0)
        if rivals:
            test = contest.tests[0]
            refused.setdefault((test.clusters, rivals, noun_of([test], names)), []).append(contest)
    for (clusters, rivals, noun), contests in refused.items():
        many = f"{rivals} rivals" if rivals > 1 else "a rival"
        yield (
            f"No best is in bold in {_names(contests)}: with {counted(clusters, noun)} no test could tell"
            f" {many} from the best; it takes {fewest_clusters(ALPHA, rivals)}."
        )


def _untested(best: Best) -> Iterator[str]:
    """Say which numbers were not tested against the best of theirs, and why."""
    found: dict[tuple[bool, str], dict[str, dict[str, None]]] = {}
    for contest in best.contests:
        if contest.has_bold and not contest.tests:
            continue
        for verdict in contest.verdicts.values():
            if isinstance(verdict.difference, Untested) and verdict.difference is not Untested.SAME:
                of_contests = found.setdefault((contest.has_bold, str(verdict.difference)), {})
                of_contests.setdefault(contest.name, {})[verdict.result.cell.row.shown] = None
    for (has_bold, why), of_contests in found.items():
        if has_bold:
            where = "; ".join(f"{name} ({', '.join(rows)})" for name, rows in of_contests.items())
            yield f"Not tested against the best, since {why}: {where}."
        else:
            yield f"No best is in bold in {', '.join(of_contests)}, since {why}."


def _names(contests: Iterable[Contest]) -> str:
    return ", ".join(dict.fromkeys(contest.name for contest in contests))
