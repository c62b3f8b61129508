"""What the record says about technicians."""

from enum import StrEnum


class TechnicianEvent(StrEnum):
    """Tags of the record."""

    ACCESS_REFUSED = "technicians.access_refused"
    DEACTIVATED = "technicians.deactivated"
    INVITATION_RENEWED = "technicians.invitation_renewed"
    INVITATION_WITHDRAWN = "technicians.invitation_withdrawn"
    INVITED = "technicians.invited"
    JOINED = "technicians.joined"
    LINK_CREATED = "technicians.one_time_link_created"
    LINK_USED = "technicians.one_time_link_used"
    MICROSOFT_LINKED = "technicians.microsoft_account_linked"
    OTHER_SESSIONS_ENDED = "technicians.other_sessions_ended"
    OWNER_CREATED = "technicians.owner_created"
    PASSWORD_CHANGED = "technicians.password_changed"  # noqa: S105  a name, not a password
    PROFILE_CHANGED = "technicians.profile_changed"
    REACTIVATED = "technicians.reactivated"
    RECOVERY_CODES_MADE = "technicians.recovery_codes_made"
    ROLE_CHANGED = "technicians.role_changed"
    SECOND_FACTOR_ADDED = "technicians.second_factor_added"
    SECOND_FACTOR_REFUSED = "technicians.second_factor_refused"
    SECOND_FACTOR_REMOVED = "technicians.second_factor_removed"
    SERVICE_ACCOUNT_MADE = "technicians.service_account_made"
    SESSION_ENDED = "technicians.session_ended"
    SESSIONS_ENDED = "technicians.sessions_ended"
    SIGNED_IN = "technicians.signed_in"
    SIGNED_OUT = "technicians.signed_out"
    SIGN_IN_LOCKED = "technicians.sign_in_locked"
    SIGN_IN_REFUSED = "technicians.sign_in_refused"
    TEAMS_CHANGED = "technicians.teams_changed"
    TEAM_CHANGED = "technicians.team_changed"
    TEAM_CREATED = "technicians.team_created"
    TEAM_DELETED = "technicians.team_deleted"
