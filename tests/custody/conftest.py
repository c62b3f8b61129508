"""The same receivers as alerts and streams have."""

from tests.notifications.conftest import no_channels, receiver, smtp  # noqa: F401  fixtures
