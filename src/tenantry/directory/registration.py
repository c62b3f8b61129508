"""Whether a user can be written to and called: what notices and self-service will need of them (AC-6.5). Pure."""

import dataclasses

from tenantry.directory.models import DirectoryUser
from tenantry.directory.phones import number_of


@dataclasses.dataclass(frozen=True, slots=True)
class Registration:
    """What the directory holds of a user's ways to be reached.

    Attributes:
        missing: why it is not complete, in sentences; empty when it is.
        is_known: the mobile number was read; before that nothing can be said.
    """

    missing: tuple[str, ...]
    is_known: bool

    @property
    def is_complete(self) -> bool:
        """A mail address and a mobile number that has one E.164 writing are there."""
        return self.is_known and not self.missing


def registration_of(user: DirectoryUser) -> Registration:
    """How complete the registration of a user is."""
    number = number_of(user.mobile_phone, country=user.usage_location)
    no_mail = "" if user.mail else "The directory holds no mail address for this user."
    missing = tuple(filter(None, (no_mail, number.obstacle)))
    return Registration(missing=missing, is_known=user.mobile_phone is not None)
