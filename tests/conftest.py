"""Set-up of every test run."""

import signal


def pytest_configure() -> None:
    """Restore SIGINT: a shell ignores it for what runs in its background, and so for what tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
