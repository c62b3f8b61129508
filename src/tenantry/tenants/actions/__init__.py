"""What can be done to a connection.

consenting   the round trip to Microsoft's consent page
verifying    proving a consent and storing the connection
looking      one look at a tenant
checking     drawing the conclusions of a look
canary       an account of our own that proves writes, gone at the end
drifting     telling drift once per change; alerts hook in there
neighbours   enterprise apps beside ours, and ours from an earlier connection
noting       what other domains learnt on the way
leaving      disconnecting, and taking our roles away when asked
managing     choosing another role or road
wishing      which features are wanted, the role that follows, taking back what is too much
settling     the one place that writes a state
"""

from tenantry.tenants.actions.canary import enqueue_canary, run_canary, start_canary
from tenantry.tenants.actions.checking import check_connection, enqueue_check, request_check
from tenantry.tenants.actions.consenting import (
    Answered,
    ConsentAnswer,
    accept_tenant,
    answer_consent,
    dismiss_attempt,
    redirect_uri,
    start_consent,
)
from tenantry.tenants.actions.drifting import DriftNews, on_drift
from tenantry.tenants.actions.leaving import disconnect, dismiss_farewell, may_remove
from tenantry.tenants.actions.managing import choose_path, choose_role
from tenantry.tenants.actions.neighbours import enqueue_neighbours, look_before_connecting, read_neighbours
from tenantry.tenants.actions.noting import note_failure, note_refused, note_worked
from tenantry.tenants.actions.verifying import enqueue_verify, verify_attempt
from tenantry.tenants.actions.wishing import choose_features, propose_reduction

__all__ = [
    "Answered",
    "ConsentAnswer",
    "DriftNews",
    "accept_tenant",
    "answer_consent",
    "check_connection",
    "choose_features",
    "choose_path",
    "choose_role",
    "disconnect",
    "dismiss_attempt",
    "dismiss_farewell",
    "enqueue_canary",
    "enqueue_check",
    "enqueue_neighbours",
    "enqueue_verify",
    "look_before_connecting",
    "may_remove",
    "note_failure",
    "note_refused",
    "note_worked",
    "on_drift",
    "propose_reduction",
    "read_neighbours",
    "redirect_uri",
    "request_check",
    "run_canary",
    "start_canary",
    "start_consent",
    "verify_attempt",
]
