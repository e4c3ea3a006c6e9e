"""What every test stands on."""

import signal


def pytest_configure() -> None:
    """A shell starts what runs in its background with SIGINT ignored, and so would be all that tests run."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
