"""The Setting step, in words and as a request: what PIM's rules of a role allow, and what the form asks for.

The rules themselves are `entrasim.pim`. Pages: `pim-how-to-add-role-to-user`, `pim-how-to-change-default-settings`.
"""

import dataclasses
import datetime as dt

from markupsafe import Markup

from entrasim import pim
from entrasim.pages.html import Child, el, field
from entrasim.portal.shell import Desk
from entrasim.state import RoleAssignment, Tenant

ELIGIBLE, ACTIVE = "Eligible", "Active"
_LEVELS = {ELIGIBLE: "Eligibility", ACTIVE: "Assignment"}
DURATIONS = {"P15D": "15 days", "P30D": "1 month", "P90D": "3 months", "P180D": "6 months", "P365D": "1 year"}
_FORM_TIME = "%Y-%m-%dT%H:%M"


@dataclasses.dataclass(frozen=True, slots=True)
class Setting:
    """What the Setting step asks for."""

    kind: str
    is_permanent: bool
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    justification: str

    @classmethod
    def of(cls, desk: Desk) -> "Setting":
        """Read the posted form; a time that cannot be read counts as none."""
        kind = ACTIVE if desk.visit.posted("kind") == ACTIVE else ELIGIBLE
        level = kind.lower()
        is_permanent = desk.visit.posted(f"{level}_permanent") == "yes"
        return cls(
            kind,
            is_permanent,
            _time(desk.visit.posted(f"{level}_starts")) or desk.visit.now,
            None if is_permanent else _time(desk.visit.posted(f"{level}_ends")),
            desk.visit.posted("justification").strip(),
        )


def _time(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def allows_permanent(tenant: Tenant, role_id: str, kind: str) -> bool:
    """Whether the role's settings allow such assignments without an end."""
    return not pim.rule(tenant, role_id, f"Expiration_Admin_{_LEVELS[kind]}")["isExpirationRequired"]


def longest(tenant: Tenant, role_id: str, kind: str) -> str:
    """The longest assignment with an end, as an ISO 8601 duration."""
    return str(pim.rule(tenant, role_id, f"Expiration_Admin_{_LEVELS[kind]}")["maximumDuration"])


def demands(tenant: Tenant, role_id: str, what: str) -> bool:
    """Whether active assignment demands Justification, MultiFactorAuthentication or Ticketing."""
    enabled = pim.rule(tenant, role_id, "Enablement_Admin_Assignment")["enabledRules"]
    return isinstance(enabled, list) and what in enabled


def in_words(duration: str) -> str:
    """A duration for people."""
    hours = pim.seconds_of(duration) / 3600
    return DURATIONS.get(duration) or (f"{hours / 24:g} days" if hours >= 24 else f"{hours:g} hours")  # noqa: PLR2004


def complaint(desk: Desk, role_id: str, setting: Setting) -> str | None:
    """Why the role's settings refuse it, or None."""
    if not setting.is_permanent and setting.ends_at is None:
        return "Enter when the assignment ends."
    lasts = None if setting.ends_at is None else setting.ends_at - max(setting.starts_at, desk.visit.now)
    if lasts is not None and lasts < pim.SHORTEST:
        return "An assignment lasts at least five minutes."
    broken = pim.failing_rules(
        desk.tenant,
        role_id,
        kind=_LEVELS[setting.kind],
        ends_after=lasts,
        justification=setting.justification,
        ticket="",
        has_mfa=desk.user.signs_in_with_mfa,
    )
    if not broken:
        return None
    listed = ",".join(f'"{name}"' for name in broken)
    return f"The following policy rules failed: [{listed}]. {_advice(desk.tenant, role_id, setting.kind, broken[0])}"


def _advice(tenant: Tenant, role_id: str, kind: str, rule: str) -> str:
    if rule == "ExpirationRule":
        return (
            f"The settings of this role do not allow permanent {kind.lower()} assignments; the longest is "
            f"{in_words(longest(tenant, role_id, kind))}."
        )
    return {
        "JustificationRule": "Enter a justification.",
        "MfaRule": "Sign in with multifactor authentication.",
        "TicketingRule": "entrasim's portal has no field for a ticket: change the role's settings.",
    }.get(rule, "")


def setting_fields(desk: Desk, role_id: str, held: RoleAssignment | None = None, *, kind: str = ELIGIBLE) -> Markup:
    """Type, times and justification. Style sheets hide what belongs to the other type; without them both are shown."""
    types = [
        el("label", el("input", type="radio", name="kind", value=name, checked=name == kind), name, class_="check")
        for name in (ELIGIBLE, ACTIVE)
    ]
    return el(
        "div",
        el("fieldset", el("legend", "Assignment type"), types)
        if held is None
        else el("input", type="hidden", name="kind", value=kind),
        [_times(desk, role_id, name, held) for name in (ELIGIBLE, ACTIVE) if held is None or name == kind],
        el("div", field("Enter justification", name="justification", autocomplete="off",
                        hint=_why_needed(desk, role_id)),
           class_="for-active")
        if held is None or kind == ACTIVE
        else None,
        class_="kinds" if held is None else "panel-rows",
    )  # fmt: skip


def _why_needed(desk: Desk, role_id: str) -> str | None:
    return "Required by the settings of this role." if demands(desk.tenant, role_id, "Justification") else None


def _times(desk: Desk, role_id: str, kind: str, held: RoleAssignment | None) -> Markup:
    level, now = kind.lower(), desk.visit.now
    allowed = allows_permanent(desk.tenant, role_id, kind)
    most = in_words(longest(desk.tenant, role_id, kind))
    starts = (held.starts_at if held else None) or now
    ends = (held.ends_at if held else None) or now + dt.timedelta(
        seconds=pim.seconds_of(longest(desk.tenant, role_id, kind))
    )
    said: list[Child] = [
        f"Maximum allowed {'assigned' if kind == ACTIVE else level} duration is {'permanent' if allowed else most}."
    ]
    if not allowed:
        said.append(f" The settings of this role do not allow permanent {level} assignments.")
    word = "Assignment" if kind == ACTIVE else "Eligibility"
    return el(
        "fieldset",
        el("legend", "Active" if kind == ACTIVE else "Eligible", class_="visually-hidden"),
        el("p", *said, class_="hint", id=f"{level}-most"),
        el(
            "label",
            el(
                "input",
                type="checkbox",
                name=f"{level}_permanent",
                value="yes",
                checked=allowed and (held is None or held.ends_at is None),
                disabled=not allowed,
                aria_describedby=f"{level}-most",
            ),
            "Permanently assigned" if kind == ACTIVE else "Permanently eligible",
            class_="check",
        ),
        field(f"{word} starts (UTC)", name=f"{level}_starts", type="datetime-local", value=starts.strftime(_FORM_TIME)),
        field(f"{word} ends (UTC)", name=f"{level}_ends", type="datetime-local", value=ends.strftime(_FORM_TIME),
              hint="Counts where the box above is not ticked."),
        class_=f"for-{level}",
    )  # fmt: skip


def assign(desk: Desk, role_id: str, principal_id: str, setting: Setting) -> None:
    """Carry out what `complaint` let through."""
    pim.assign(
        desk.tenant,
        principal_id=principal_id,
        role_id=role_id,
        kind=setting.kind,
        starts_at=setting.starts_at,
        ends_at=setting.ends_at,
        now=desk.visit.now,
        by=desk.user,
    )
