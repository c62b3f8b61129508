"""A connected tenant with Dana, somebody at the telephone, a mail server, and rules that ask for her code."""

from tests.helpdesk.conftest import dana, place  # noqa: F401  fixtures
from tests.notifications.conftest import hook, no_channels, receiver, smtp  # noqa: F401  fixtures
from tests.verification.conftest import desk  # noqa: F401  fixtures
