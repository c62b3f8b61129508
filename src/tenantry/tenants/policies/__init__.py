"""Pure decisions about connections: facts and a time go in, what it means for people comes out.

standing    the state machine of a connection (J6, AC-5.4)
rhythm      when to look at a connection again
features    what works through a connection, feature by feature
checklist   the numbered set-up steps (J2)
holdings    roles held on each path: direct, with PIM, through a group (AC-2.4, AC-3.2, AC-7.5)
pim         whether PIM is on in a tenant (J4)
consent     how a consent round trip ended (AC-1.3)
"""

from tenantry.tenants.policies.checklist import Step, checklist
from tenantry.tenants.policies.consent import ConsentEnd, end_of_error, words_of
from tenantry.tenants.policies.features import FeatureRow, feature_rows
from tenantry.tenants.policies.holdings import (
    CustomRoleFacts,
    GroupFacts,
    GroupProblem,
    GroupStanding,
    Holding,
    RoleRules,
    RoleStanding,
    RoleState,
    covering_roles,
    group_standing,
    role_standing,
    would_do,
)
from tenantry.tenants.policies.pim import (
    LicenceSignal,
    PimReading,
    PimView,
    ServiceSignal,
    judge_pim,
    licence_signal,
    premium_of,
    road_by_pim,
)
from tenantry.tenants.policies.rhythm import next_check_at
from tenantry.tenants.policies.standing import (
    IN_MOTION,
    NEEDS_SOMEBODY,
    PROPAGATION_WINDOW,
    Facts,
    Standing,
    Trouble,
    next_state,
)

__all__ = [
    "IN_MOTION",
    "NEEDS_SOMEBODY",
    "PROPAGATION_WINDOW",
    "ConsentEnd",
    "CustomRoleFacts",
    "Facts",
    "FeatureRow",
    "GroupFacts",
    "GroupProblem",
    "GroupStanding",
    "Holding",
    "LicenceSignal",
    "PimReading",
    "PimView",
    "RoleRules",
    "RoleStanding",
    "RoleState",
    "ServiceSignal",
    "Standing",
    "Step",
    "Trouble",
    "checklist",
    "covering_roles",
    "end_of_error",
    "feature_rows",
    "group_standing",
    "judge_pim",
    "licence_signal",
    "next_check_at",
    "next_state",
    "premium_of",
    "road_by_pim",
    "role_standing",
    "words_of",
    "would_do",
]
