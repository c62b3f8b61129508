"""Role settings: how long assignments may last, and what they demand (`pim-how-to-change-default-settings`)."""

from markupsafe import Markup
from werkzeug import Request, Response

from entrasim import pim
from entrasim.app import Context
from entrasim.pages.html import button, el, notice
from entrasim.portal import pim_desk
from entrasim.portal.assignments import NO_RIGHT
from entrasim.portal.shell import Desk, at_desk, refused, see_other
from entrasim.tables.roles import BUILTIN_ROLES, BuiltinRole

_DEMANDS = (
    ("Require justification on active assignment", "Justification"),
    ("Require multifactor authentication on active assignment", "MultiFactorAuthentication"),
)


def settings(context: Context, request: Request, tenant: str, role_id: str) -> Response:
    """The settings of one role; POST changes them."""

    def page(desk: Desk) -> Response:
        role = BUILTIN_ROLES.get(role_id)
        if role is None or not role.is_assignable or not pim.is_available(desk.tenant):
            return desk.missing("Settings of that role", "roles")
        if desk.visit.request.method != "POST":
            return _page(desk, role)
        if not desk.may_manage_roles:
            return _page(desk, role, NO_RIGHT)
        _change(desk, role)
        return see_other(f"{desk.root}/roles/{role.template_id}/settings?saved")

    return at_desk(context, request, tenant, page)


def _page(desk: Desk, role: BuiltinRole, error: str | None = None) -> Response:
    role_id = role.template_id
    checks = [
        _check(text, f"demand_{name}", checked=pim_desk.demands(desk.tenant, role_id, name)) for text, name in _DEMANDS
    ]
    form = desk.form(
        el("h2", "Assignment"),
        [_expiration(desk, role_id, kind) for kind in (pim_desk.ELIGIBLE, pim_desk.ACTIVE)],
        checks,
        el("p", button("Update", main=True),
           el("a", "Cancel", href=f"{desk.root}/roles/{role_id}", class_="button"), class_="acts"),
    )  # fmt: skip
    return desk.page(
        "Role settings",
        el("p", "Role: ", el("strong", role.display_name), class_="sub"),
        refused(error) if error else None,
        notice("The settings were updated.") if "saved" in desk.visit.request.args and not error else None,
        el("div", form, class_="panel"),
        section="roles",
        crumbs=[
            ("Roles and administrators", f"{desk.root}/roles"),
            (role.display_name, f"{desk.root}/roles/{role_id}"),
        ],
        status=403 if error else 200,
    )


def _expiration(desk: Desk, role_id: str, kind: str) -> list[Markup]:
    level = kind.lower()
    longest = pim_desk.longest(desk.tenant, role_id, kind)
    known = {**pim_desk.DURATIONS, longest: pim_desk.in_words(longest)}
    options = [el("option", words, value=value, selected=value == longest) for value, words in known.items()]
    return [
        _check(
            f"Allow permanent {level} assignment",
            f"{level}_permanent",
            checked=pim_desk.allows_permanent(desk.tenant, role_id, kind),
        ),
        el(
            "div",
            el("label", f"Expire {level} assignments after", for_=f"{level}_longest"),
            el("select", options, id=f"{level}_longest", name=f"{level}_longest"),
            class_="field",
        ),
    ]


def _check(text: str, name: str, *, checked: bool) -> Markup:
    return el("label", el("input", type="checkbox", name=name, value="yes", checked=checked), text, class_="check")


def _change(desk: Desk, role: BuiltinRole) -> None:
    posted = desk.visit.posted
    with desk.tenant.lock:
        rules = desk.tenant.pim_policy_by_role.setdefault(role.template_id, {})
        for kind, rule_id in (
            (pim_desk.ELIGIBLE, "Expiration_Admin_Eligibility"),
            (pim_desk.ACTIVE, "Expiration_Admin_Assignment"),
        ):
            level = kind.lower()
            longest = posted(f"{level}_longest")
            rules.setdefault(rule_id, {})["isExpirationRequired"] = posted(f"{level}_permanent") != "yes"
            if longest in pim_desk.DURATIONS:
                rules[rule_id]["maximumDuration"] = longest
        kept = pim.rule(desk.tenant, role.template_id, "Enablement_Admin_Assignment")["enabledRules"]
        others = [name for name in kept if name not in dict(_DEMANDS).values()] if isinstance(kept, list) else []
        chosen = [name for _, name in _DEMANDS if posted(f"demand_{name}") == "yes"]
        rules.setdefault("Enablement_Admin_Assignment", {})["enabledRules"] = [*chosen, *others]
