"""`papermatrix rename`: another label for a row or column, in every file, and nothing else."""

from __future__ import annotations

import argparse

from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "rename", _run, "give a row or column another label, in every file")
    parser.add_argument("table", metavar="TABLE")
    parser.add_argument("old", metavar="OLD", help="the row's label")
    parser.add_argument("new", metavar="NEW")
    parser.add_argument("--column", action="store_true", help="a column's label instead")
    parser.add_argument("--dry-run", action="store_true", help="say where it stands")


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.rename import Label, renaming

    label = Label(options.table, "column" if options.column else "row", options.old, options.new)
    edit = renaming(label, overrides(options))
    if not options.dry_run:
        edit.write()
    for place in edit.places:
        print(f"{place.file}:{place.line}: {place.key}")
    count = f"{len(edit.places)} places of {len(edit.new)} files, and no job changes"
    print(f"{'would rename' if options.dry_run else 'renamed'} it in {count}")
