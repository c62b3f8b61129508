"""Tags of this domain in the record."""

from enum import StrEnum


class HelpdeskEvent(StrEnum):
    """What the help desk does or is asked to do."""

    RESET_PASSWORD = "helpdesk.reset_password"  # noqa: S105  the name of an event
    BLOCK_SIGN_IN = "helpdesk.block_sign_in"
    UNBLOCK_SIGN_IN = "helpdesk.unblock_sign_in"
    REVOKE_SESSIONS = "helpdesk.revoke_sessions"
    ACCESS_PASS = "helpdesk.access_pass"  # noqa: S105  as above
    STOPPED_WAITING = "helpdesk.stopped_waiting"
    PASSWORD_SHOWN = "helpdesk.password_shown"  # noqa: S105  as above
    SECRET_LINK_MADE = "helpdesk.secret_link_made"  # noqa: S105  as above
    SECRET_LINK_NEAR = "helpdesk.secret_link_opened_near_its_maker"  # noqa: S105  as above
    SECRET_LINK_REFUSED = "helpdesk.secret_link_refused"  # noqa: S105  as above
    SECRET_LINK_REVOKED = "helpdesk.secret_link_revoked"  # noqa: S105  as above
    PASSWORD_DISCARDED = "helpdesk.password_discarded"  # noqa: S105  as above
