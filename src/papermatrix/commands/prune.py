"""`papermatrix prune`: lists what may go from the disk, and removes it once told to."""

from __future__ import annotations

import argparse

from papermatrix.commands.options import Commands, new_parser, overrides


def add_parser(commands: Commands) -> None:
    parser = new_parser(commands, "prune", _run, "list, and with --yes remove, what nothing needs any more")
    parser.add_argument("--yes", action="store_true", help="remove what is listed")
    parser.add_argument(
        "--interrupted", action="store_true", help="also jobs that no table needs and that are unfinished"
    )
    parser.epilog = (
        "What is needed is what the tables of today's files need at every scale. What a run is given by"
        " --config is to be given here too."
    )


def _run(options: argparse.Namespace) -> None:
    from papermatrix.matrix.expand import load_every_scale
    from papermatrix.render.text import size_text
    from papermatrix.results.disk import FOR_GOOD, Disk, LeftAlone, Removable, remove

    matrices = load_every_scale(overrides(options))
    keep, disk = matrices[0].project.config.keep, Disk(matrices)
    found = list(disk.unneeded(with_interrupted=options.interrupted))
    listed = [*(item for item in found if isinstance(item, Removable)), *disk.spent(keep)]
    freed, removed = 0, 0
    for item in listed:
        print(f"{size_text(item.size):>8}  {item}: {item.why}", flush=True)
        if options.yes and not remove(item):
            print(f"{'':8}  {item.folder}: running by now, left alone")
            continue
        freed, removed = freed + item.size, removed + 1
    for left in (item for item in found if isinstance(item, LeftAlone)):
        hint = "; --interrupted lists it too" if left.why == "interrupted" else ""
        print(f"{'':8}  {left.folder}: {left.why}, left alone{hint}")
    if keep == FOR_GOOD and (spent := sum(item.size for item in disk.spent("needed"))):
        print(f"checkpoints stay (keep: {keep}); --config keep=needed lists {size_text(spent)} of them too")
    what = f"{size_text(freed)} in {removed} place{'' if removed == 1 else 's'}"
    print(
        f"removed {what}" if options.yes else f"{what}; --yes removes them" if listed else "nothing to remove"
    )
