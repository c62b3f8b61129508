"""Pure decisions about connections: facts and a time go in, what it means for people comes out.

standing    the state machine of a connection (J6, AC-5.4)
rhythm      when to look at a connection again
features    what works through a connection, feature by feature
wishes      which features are wanted, and the least role and permissions for them (J5)
board       every feature of a customer: ready, propagating, needs attention, not wanted
farewell    what remains in a tenant after we disconnect
canary      an account of our own that proves writes end to end
drift       what is no longer as it was meant to be, or soon will not be
neighbours  enterprise apps beside ours: leftovers and look-alikes (J8)
jit         whether a just-in-time grant may be activated (AC-2.6)
checklist   the numbered set-up steps (J2)
holdings    roles held on each path: direct, with PIM, through a group (AC-2.4, AC-3.2, AC-7.5)
pim         whether PIM is on in a tenant (J4)
consent     how a consent round trip ended (AC-1.3)
"""

from tenantry.tenants.models import AppKind, Premium, RolePath
from tenantry.tenants.policies.board import COLUMNS, READY_WORDS, Line, Ready, Where, board, not_connected
from tenantry.tenants.policies.canary import CANARY_LABELS, CanaryStep, may_run_canary
from tenantry.tenants.policies.checklist import Step, checklist
from tenantry.tenants.policies.consent import ConsentEnd, end_of_error, words_of
from tenantry.tenants.policies.drift import DRIFT_TITLES, Drift, Found, drift_app, drifts
from tenantry.tenants.policies.farewell import Remnant, remnants, role_list
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
from tenantry.tenants.policies.jit import may_activate_jit
from tenantry.tenants.policies.neighbours import Neighbour, Origin, origin_of
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
from tenantry.tenants.policies.wishes import (
    WISH_HINTS,
    WISH_LABELS,
    Difference,
    ExtraRole,
    Wish,
    difference,
    does,
    kept_of,
    least_role,
    needed_permissions,
    needed_role_actions,
    options_for,
    wishes_from,
)

__all__ = [
    "CANARY_LABELS",
    "COLUMNS",
    "DRIFT_TITLES",
    "IN_MOTION",
    "NEEDS_SOMEBODY",
    "PROPAGATION_WINDOW",
    "READY_WORDS",
    "WISH_HINTS",
    "WISH_LABELS",
    "AppKind",
    "CanaryStep",
    "ConsentEnd",
    "CustomRoleFacts",
    "Difference",
    "Drift",
    "ExtraRole",
    "Facts",
    "FeatureRow",
    "Found",
    "GroupFacts",
    "GroupProblem",
    "GroupStanding",
    "Holding",
    "LicenceSignal",
    "Line",
    "Neighbour",
    "Origin",
    "PimReading",
    "PimView",
    "Premium",
    "Ready",
    "Remnant",
    "RolePath",
    "RoleRules",
    "RoleStanding",
    "RoleState",
    "ServiceSignal",
    "Standing",
    "Step",
    "Trouble",
    "Where",
    "Wish",
    "board",
    "checklist",
    "covering_roles",
    "difference",
    "does",
    "drift_app",
    "drifts",
    "end_of_error",
    "feature_rows",
    "group_standing",
    "judge_pim",
    "kept_of",
    "least_role",
    "licence_signal",
    "may_activate_jit",
    "may_run_canary",
    "needed_permissions",
    "needed_role_actions",
    "next_check_at",
    "next_state",
    "not_connected",
    "options_for",
    "origin_of",
    "premium_of",
    "remnants",
    "road_by_pim",
    "role_list",
    "role_standing",
    "wishes_from",
    "words_of",
    "would_do",
]
