"""Pure decisions about connections: facts and a time go in, what it means for people comes out.

standing    the state machine of a connection (J6, AC-5.4)
rhythm      when to look at a connection again
features    what works through a connection, feature by feature
checklist   the numbered set-up steps (J2)
consent     how a consent round trip ended (AC-1.3)
"""

from tenantry.tenants.policies.checklist import Step, checklist
from tenantry.tenants.policies.consent import ConsentEnd, end_of_error, words_of
from tenantry.tenants.policies.features import FeatureRow, feature_rows
from tenantry.tenants.policies.rhythm import next_check_at
from tenantry.tenants.policies.standing import (
    IN_MOTION,
    NEEDS_SOMEBODY,
    PROPAGATION_WINDOW,
    Facts,
    Standing,
    Trouble,
    covering_roles,
    next_state,
    would_do,
)

__all__ = [
    "IN_MOTION",
    "NEEDS_SOMEBODY",
    "PROPAGATION_WINDOW",
    "ConsentEnd",
    "Facts",
    "FeatureRow",
    "Standing",
    "Step",
    "Trouble",
    "checklist",
    "covering_roles",
    "end_of_error",
    "feature_rows",
    "next_check_at",
    "next_state",
    "words_of",
    "would_do",
]
