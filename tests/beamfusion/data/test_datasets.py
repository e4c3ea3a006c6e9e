"""The parts of a job's data, opened from prepared frames."""

from pathlib import Path

from beamfusion.data.dataset import open_datasets
from beamfusion.settings import parse_settings
from tests.beamfusion.tiny import TINY


def test_a_window_step_thins_the_training_part_alone(prepared_job: Path) -> None:
    settings = parse_settings(TINY)
    whole, thinned = (open_datasets(prepared_job / "frames", settings, window_step=step) for step in (1, 3))
    assert thinned.train.windows.tolist() == whole.train.windows[::3].tolist()
    assert thinned.validation.windows.tolist() == whole.validation.windows.tolist()
    assert thinned.test.windows.tolist() == whole.test.windows.tolist()
