"""Windows of any history and horizon, put together from the development records, which name five frames each.

The authors made a CSV of its own for their forecasts; these windows need no other files than the data set's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from beamfusion.data.passes import usual_step
from beamfusion.data.prepared import Prepared, Windows
from beamfusion.data.raw import WINDOW
from beamfusion.settings import GRID_MODALITIES, Data
from jobkit.errors import UserError

IntArray = NDArray[np.int64]

STRIDE = 2
"""Frames from one of a development window's to the next."""
FIXES = (12, 6)
"""Frames back from a window's last one to its two GPS fixes."""


def with_windows_of(prepared: Prepared, settings: Data) -> Prepared:
    """Return the same frames with windows of the settings' history and horizon."""
    if settings.history == WINDOW and settings.horizon == 1:
        return prepared
    try:
        windows = forecast_windows(prepared.windows, history=settings.history, horizon=settings.horizon)
    except UserError as error:
        raise UserError([f"{prepared.folder}: {line}" for line in error.lines]) from None
    return replace(prepared, windows=windows)


def forecast_windows(windows: Windows, *, history: int, horizon: int) -> Windows:
    """Make a window of every development record whose pass reaches far enough, in the CSV's order.

    The window of a record whose last frame is f has the frames f - 2 (history - 1) to f in steps of 2 and
    the GPS fixes of frames f - 12 and f - 6. Its beams, (N,) or (N,horizon), are the record's own and those
    of the records that follow in the pass, each the scenario's usual step after the one before.
    """
    records = _records(windows)
    if not len(records):
        raise UserError("no labelled development records; other windows than their own are made from those")
    numbers, passes = windows.frame_number[records], windows.pass_id[records]
    steps = _record_steps(numbers, passes, windows.scenario[records])
    # One axis for the frames of all passes, which lie too far apart on it to be taken for one another.
    margin = 2 * STRIDE * (history + WINDOW) + max(FIXES)
    span = int(numbers.max()) + 1 + 2 * margin + horizon * int(steps.max())
    last = (passes * span + numbers + margin)[:, None]
    back = STRIDE * np.arange(windows.image_frames.shape[1])[::-1]

    known_frames, named = _named_frames(windows, records, last - back)
    frames, whole = _find(known_frames, last - STRIDE * np.arange(history)[::-1])
    known_fixes, first_fix = np.unique(last - back[:2], return_index=True)
    fixes, positioned = _find(known_fixes, last - np.array(FIXES))
    following, labelled = _find(last[:, 0], last + steps[:, None] * np.arange(horizon))

    complete = np.flatnonzero(whole & positioned & labelled)
    complete = complete[np.argsort(records[complete], kind="stable")]
    if not len(complete):
        raise UserError(_too_short(history, horizon, numbers, passes, steps))
    record = records[complete]
    follows = records[following[complete]]
    return Windows(
        **{name: indices[frames[complete]] for name, indices in named.items()},
        gps=windows.gps[records].reshape(-1, 2)[first_fix][fixes[complete]],
        beam=windows.beam[follows[:, 0] if horizon == 1 else follows],
        power=windows.power[record],
        nan_power=np.any(windows.nan_power[follows], axis=1),
        scenario=windows.scenario[record],
        subset=windows.subset[record],
        line=windows.line[record],
        frame_number=windows.frame_number[record],
        pass_id=windows.pass_id[record],
        crosses_jump=np.zeros(len(record), bool),
    )


def _named_frames(
    windows: Windows, records: IntArray, positions: IntArray
) -> tuple[IntArray, dict[str, IntArray]]:
    """Return the sorted positions of all frames that records name, and each modality's frames at them.

    A UserError where two records, whose frames lie at `positions` (N,T), name different ones at a position.
    """
    known, first, inverse = np.unique(positions, return_index=True, return_inverse=True)
    named = {}
    for name in (f"{modality}_frames" for modality in GRID_MODALITIES):
        frames = getattr(windows, name)[records].ravel()
        named[name] = frames[first]
        if (named[name][inverse.ravel()] != frames).any():
            raise UserError(
                f"the development records' {name.replace('_', ' ')} are not {STRIDE} frames apart,"
                " as they have to be"
            )
    return known, named


def _records(windows: Windows) -> IntArray:
    """Return the labelled development windows of each pass, by pass and frame number, without repetitions."""
    chosen = np.flatnonzero((windows.subset == "development") & windows.labelled & ~windows.crosses_jump)
    chosen = chosen[np.lexsort((windows.frame_number[chosen], windows.pass_id[chosen]))]
    passes, numbers = windows.pass_id[chosen], windows.frame_number[chosen]
    repeated = (np.diff(passes, prepend=-1) == 0) & (np.diff(numbers, prepend=-1) == 0)
    return chosen[~repeated]


def _record_steps(numbers: IntArray, passes: IntArray, scenario: IntArray) -> IntArray:
    """Return the frames (N,) from a record to the next one of its pass, as usual in its scenario."""
    steps = np.ones(len(numbers), np.int64)
    same = np.diff(passes) == 0
    for number in np.unique(scenario):
        steps[scenario == number] = usual_step(np.diff(numbers)[same & (scenario[1:] == number)])
    return steps


def _find(known: IntArray, rows: IntArray) -> tuple[IntArray, NDArray[np.bool_]]:
    """Return where `rows` (N,K) are in the sorted `known`, and which rows (N,) are there whole."""
    index = np.minimum(np.searchsorted(known, rows), len(known) - 1)
    return index, np.all(known[index] == rows, axis=1)


def _too_short(history: int, horizon: int, numbers: IntArray, passes: IntArray, steps: IntArray) -> str:
    needed = max(STRIDE * (history - 1), *FIXES) + 1 + (horizon - 1) * int(steps.min())
    last = np.full(passes.max() + 1, -1)
    start = np.full(passes.max() + 1, np.iinfo(np.int64).max)
    np.maximum.at(last, passes, numbers)
    np.minimum.at(start, passes, numbers - STRIDE * (WINDOW - 1))
    longest = int((last - start + 1)[np.unique(passes)].max())
    return (
        f"data.history {history} and data.horizon {horizon} need a pass of {needed} frames without a gap; "
        f"the longest development pass has {longest}"
    )
