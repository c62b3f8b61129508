"""Tags of this domain in the record."""

from enum import StrEnum


class TenantEvent(StrEnum):
    """What can happen to a connection."""

    CONNECTED = "tenants.connected"
    CONSENT_ENDED = "tenants.consent_ended"
    CONSENT_STARTED = "tenants.consent_started"
    DISCONNECTED = "tenants.disconnected"
    MISMATCH = "tenants.mismatch"
    RECONSENTED = "tenants.reconsented"
    ROLE_CHOSEN = "tenants.role_chosen"
    STATE_CHANGED = "tenants.state_changed"
    TENANT_ACCEPTED = "tenants.tenant_accepted"
