"""`papermatrix audit`: where the reported numbers contradict themselves; exit code 1 where they do."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from papermatrix.commands.options import Commands, add_tables, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "audit", _run, "hold the reported numbers to the paper's rules")
    add_tables(parser)
    parser.add_argument("--json", action="store_true", help="as a JSON list")


def _run(options: argparse.Namespace) -> int:
    from papermatrix.analysis.audit import findings
    from papermatrix.analysis.facts import all_facts
    from papermatrix.matrix.expand import load_matrix

    matrix = load_matrix(overrides(options), options.tables or None)
    missing = [fact for fact in all_facts(matrix).values() if not fact.path.exists()]
    for number, fact in enumerate(missing, start=1):
        print(f"fact {number} of {len(missing)}: {' '.join(fact.run)}", file=sys.stderr)
        fact.compute()
    contradictions = findings(matrix, tuple(options.tables) or None)
    if options.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in contradictions], indent=2))
    else:
        for finding in contradictions:
            print(f"{finding.table}, {finding.row}, {finding.column}: {finding.text}")
        print(f"{len(contradictions)} contradictions in {len(matrix.cells)} tables")
    return 1 if contradictions else 0
