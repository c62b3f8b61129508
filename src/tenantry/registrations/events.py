"""Tags of this domain in the record."""

from enum import StrEnum


class RegistrationEvent(StrEnum):
    """What can happen to our app registrations."""

    ADOPTED = "registrations.adopted"
    APP_CHANGED = "registrations.app_changed"
    APP_CREATED = "registrations.app_created"
    CHECKED = "registrations.checked"
    ENTERPRISE_APP_CREATED = "registrations.enterprise_app_created"
    EXPIRY_FOUND = "registrations.expiry_found"
    EXPIRY_OVER = "registrations.expiry_over"
    KEY_ADDED = "registrations.key_added"
    KEY_REMOVED = "registrations.key_removed"
    KEY_SWITCHED = "registrations.key_switched"
    LET_GO = "registrations.let_go"
    LOGO_SET = "registrations.logo_set"
