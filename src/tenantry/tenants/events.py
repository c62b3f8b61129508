"""Tags of this domain in the record."""

from enum import StrEnum


class TenantEvent(StrEnum):
    """What can happen to a connection."""

    APP_RENAMED = "tenants.app_renamed"
    ASSIGNMENT_REMOVED = "tenants.assignment_removed"
    CANARY = "tenants.canary"
    CONNECTED = "tenants.connected"
    CONSENT_ENDED = "tenants.consent_ended"
    CONSENT_STARTED = "tenants.consent_started"
    DISCONNECTED = "tenants.disconnected"
    DRIFT_FOUND = "tenants.drift_found"
    DRIFT_OVER = "tenants.drift_over"
    FEATURES_CHOSEN = "tenants.features_chosen"
    JIT_SWITCHED = "tenants.jit_switched"
    MISMATCH = "tenants.mismatch"
    NEIGHBOUR_FOUND = "tenants.neighbour_found"
    PATH_CHOSEN = "tenants.path_chosen"
    PIM_CHANGED = "tenants.pim_changed"
    RECONSENTED = "tenants.reconsented"
    REDUCTION_DONE = "tenants.reduction_done"
    REDUCTION_PROPOSED = "tenants.reduction_proposed"
    ROLE_CHOSEN = "tenants.role_chosen"
    STATE_CHANGED = "tenants.state_changed"
    TENANT_ACCEPTED = "tenants.tenant_accepted"
