"""What works through a connection, feature by feature, with the reason where it does not."""

import dataclasses
import datetime as dt
from typing import Final

from tenantry.kit.decision import Denied
from tenantry.reach import Action, Reacher, Target, decide, permissions
from tenantry.reach.permissions import FEATURE_LABELS, Feature
from tenantry.tenants.models import AppKind, ConnectionState
from tenantry.tenants.policies.standing import CONSENT_GIVER, Facts, Standing, next_state

_SHOWN: Final[dict[AppKind, tuple[tuple[Feature, Action | None, str], ...]]] = {
    AppKind.HELPDESK: (
        (Feature.READ_DIRECTORY, None, "users"),
        (Feature.RESET_PASSWORD, Action.RESET_PASSWORD, "key-round"),
        (Feature.BLOCK_SIGN_IN, Action.BLOCK_SIGN_IN, "ban"),
        (Feature.REVOKE_SESSIONS, Action.REVOKE_SESSIONS, "log-out"),
        (Feature.ACCESS_PASS, None, "ticket-check"),
    ),
    AppKind.ELEVATION: (
        (Feature.GRANT_ROLES, None, "shield-plus"),
        (Feature.CREATE_ACCOUNTS, None, "user-plus"),
        (Feature.REMOVE_ACCOUNTS, None, "user-minus"),
    ),
}
_READY: Final = Standing(ConnectionState.READY)
_WORDS: Final = {
    ConnectionState.READY: ("good", "Ready"),
    ConnectionState.PROPAGATING: ("wait", "Propagating"),
}
_SOMEBODY: Final = Target(display_name="a user without a role")


@dataclasses.dataclass(frozen=True, slots=True)
class FeatureRow:
    """Readiness of one feature.

    Attributes:
        feature: which.
        label: its name for people.
        icon: a Lucide icon.
        kind: good, wait, bad or mute, as the components name states.
        word: the state in a word or two.
        cause: why it is not ready; empty when it is.
        fix: what to do.
        who: who must act.
        until: when the propagation window closes, while it is open.
    """

    feature: Feature
    label: str
    icon: str
    kind: str
    word: str
    cause: str = ""
    fix: str = ""
    who: str = ""
    until: dt.datetime | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it works now."""
        return self.kind == "good"


def feature_rows(facts: Facts, now: dt.datetime) -> tuple[FeatureRow, ...]:
    """The features of the help-desk app in the order of the page."""
    standing = next_state(facts, now)
    # A missing permission turns off only what needs it: the others stand where the role stands.
    by_role = next_state(dataclasses.replace(facts, required=frozenset()), now)
    off = permissions.features_off(facts.granted, required=facts.required)
    rows = []
    for feature, action, icon in _SHOWN[facts.app]:
        if feature is Feature.ACCESS_PASS and not permissions.REQUIRED_BY_FEATURE[feature] <= facts.required:
            continue  # nobody wants it here
        if standing.state == ConnectionState.OFFLINE:
            kind, word, why = "bad", "Not reachable", dataclasses.replace(standing, cause="", fix="")  # told above
        elif lacking := off.get(feature):
            kind, word, why = "bad", "Permission missing", _lacking(lacking)
        elif feature is Feature.GRANT_ROLES:
            kind, word, why = _by_elevation(by_role)
        elif action is None:
            kind, word, why = "good", "Ready", _READY
        else:
            kind, word, why = _by_role(action, facts, by_role)
        rows.append(
            FeatureRow(
                feature=feature,
                label=FEATURE_LABELS[feature],
                icon=icon,
                kind=kind,
                word=word,
                cause=why.cause,
                fix=why.fix,
                who=why.who,
                until=facts.propagates_until if word == "Propagating" else None,
            )
        )
    return tuple(rows)


def _lacking(lacking: tuple[permissions.Permission, ...]) -> Standing:
    names = ", ".join(permission.name for permission in lacking)
    return Standing(ConnectionState.RECONSENT_NEEDED, f"{names} not granted.", "Choose Re-consent.", CONSENT_GIVER)


def _by_elevation(standing: Standing) -> tuple[str, str, Standing]:
    """Just-in-time rights need the role whole: nothing is done in part (AC-2.6)."""
    if standing.state in {ConnectionState.ROLE_MISSING, ConnectionState.DEGRADED, ConnectionState.CONSENTED}:
        kind = "bad" if standing.state == ConnectionState.DEGRADED else "wait"
        return kind, "Role missing", standing
    kind, word = _WORDS.get(standing.state, ("bad", "Needs attention"))
    return kind, word, _READY if kind == "good" else standing


def _by_role(action: Action, facts: Facts, standing: Standing) -> tuple[str, str, Standing]:
    """Kind, word and reason of a feature whose permissions are all there."""
    if standing.state == ConnectionState.CONSENTED:
        return "wait", "Not looked yet", dataclasses.replace(standing, cause="We are about to look for the role.")
    reacher = Reacher(role_ids=facts.role_ids, unit_role_ids=facts.unit_roles, permissions=facts.granted)
    decision = decide(action=action, reacher=reacher, target=_SOMEBODY)
    is_lacking = standing.state in {ConnectionState.ROLE_MISSING, ConnectionState.DEGRADED}
    if isinstance(decision, Denied):
        if is_lacking:  # what is missing stands above, whole
            kind = "bad" if standing.state == ConnectionState.DEGRADED else "wait"
            return kind, "Role missing", dataclasses.replace(standing, cause=f"Needs {facts.wanted_role}.", fix="")
        why = dataclasses.replace(standing, cause=decision.reason, fix=decision.remedy, who=decision.who)
        return "mute", "Not with this role", why
    if is_lacking:  # a lesser role than the wanted one still does for some users
        return "wait", "Only in part", standing
    kind, word = _WORDS.get(standing.state, ("bad", "Needs attention"))
    return kind, word, _READY if kind == "good" else standing
