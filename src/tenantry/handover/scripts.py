"""Scripts that walk one road in one tenant: for Azure CLI in bash, and for Microsoft Graph PowerShell.

Their bodies are files beside this module, the same for everybody and readable before use. What differs from tenant to
tenant are the values at the top. Names come from a tenant we do not control, so each is quoted for its language here
and nowhere else; none ever stands in a comment or inside other code.

Sources: "az rest", Microsoft Graph PowerShell "Invoke-MgGraphRequest", PowerShell "about_Quoting_Rules".
"""

import dataclasses
import enum
import json
import re
from importlib import resources
from typing import Final
from urllib.parse import quote

_TITLE: Final = "Gives one enterprise app its directory role, in exactly one tenant. Made by Tenantry."
_WHAT: Final = "It looks first, changes only what is missing, and looks again. It may be run again at any time."
_WHO: Final = "Run it as a Privileged Role Administrator or Global Administrator of that tenant."
_POWERSHELL_QUOTES: Final = re.compile("(['\u2018\u2019\u201a\u201b])")
"""PowerShell takes typographic quotes for a single quote; each is doubled inside single quotes."""
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_DURATION: Final = re.compile(r"P[0-9A-Z]{1,20}")
_ENVIRONMENTS: Final = {"gcc-high": "USGov", "dod": "USGovDoD", "china": "China"}
"""Names of Microsoft's clouds in `Connect-MgGraph -Environment`."""


class Language(enum.StrEnum):
    """What the script is for."""

    BASH = "bash"
    POWERSHELL = "powershell"

    @property
    def label(self) -> str:
        """For people."""
        return "Azure CLI (bash)" if self is Language.BASH else "Microsoft Graph PowerShell"

    @property
    def suffix(self) -> str:
        """Of the file."""
        return "sh" if self is Language.BASH else "ps1"


class Road(enum.StrEnum):
    """The roads to a role; values as `RolePath` has them."""

    DIRECT = "direct"
    PIM = "pim"
    GROUP = "group"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a script is to do.

    Attributes:
        road: by which road.
        graph_url: Graph's address in the tenant's cloud, without a version.
        cloud: that cloud's name.
        tenant_id: lower-case GUID.
        tenant_name: for people.
        app_id: of our app, lower case.
        app_name: the enterprise app's name as it stands in the tenant.
        role_id: template id, lower case.
        role_name: for people.
        group_name: of the role-assignable group.
        by_pim: on the road through a group, its role is given through PIM; the road with PIM always is.
        duration: ISO 8601 for a role that may not be permanent; empty for good.
        renew_within_hours: an assignment that ends within this time is renewed.
        needs_ticket: the role's rules ask for a ticket.
        justification: what PIM keeps with the assignment.
    """

    road: Road
    graph_url: str
    tenant_id: str
    tenant_name: str
    app_id: str
    app_name: str
    role_id: str
    role_name: str
    cloud: str = "global"
    group_name: str = ""
    by_pim: bool = False
    duration: str = ""
    renew_within_hours: int = 720
    needs_ticket: bool = False
    justification: str = ""

    @property
    def nickname(self) -> str:
        """The group's mail nickname: ASCII, at most 64 characters, told apart by the app."""
        stem = re.sub(r"[^A-Za-z0-9]", "", self.group_name)[:40] or "tenantry"
        return f"{stem}-{self.app_id[:8]}"


def script(errand: Errand, language: Language) -> str:
    """The whole script, for this errand."""
    head = _bash_head(errand) if language is Language.BASH else _powershell_head(errand)
    parts = (
        "common",
        "role_by_pim" if _is_by_pim(errand) else "role_directly",
        "group" if errand.road is Road.GROUP else "app",
    )
    return "\n".join([head, *(_part(language, part) for part in parts)])


def file_name(errand: Errand, language: Language) -> str:
    """What the file is called on disk; nothing in it comes from the tenant but its id."""
    return f"tenantry-{errand.road}-{errand.tenant_id[:8]}.{language.suffix}"


def _is_by_pim(errand: Errand) -> bool:
    return errand.road is Road.PIM or (errand.road is Road.GROUP and errand.by_pim)


def _part(language: Language, name: str) -> str:
    file = resources.files("tenantry.handover") / "data" / language / f"{name}.{language.suffix}"
    return file.read_text(encoding="utf-8").lstrip("\n")


def _line(text: str) -> str:
    """A name on one line: control characters have no meaning in any and could move a terminal's cursor."""
    return _CONTROLS.sub(" ", text).strip()


def _bash_head(errand: Errand) -> str:
    values = {
        "GRAPH_URL": f"{errand.graph_url}/v1.0",
        "TENANT_ID": errand.tenant_id,
        "TENANT_NAME": errand.tenant_name,
        "APP_ID": errand.app_id,
        "APP_NAME": errand.app_name,
        "ROLE_ID": errand.role_id,
        "ROLE_NAME": errand.role_name,
    }
    if _is_by_pim(errand):
        values["RENEW_WITHIN_HOURS"] = str(errand.renew_within_hours)
        values["NEEDS_TICKET"] = "yes" if errand.needs_ticket else "no"
        values["MAY_BE_PERMANENT"] = "no" if _duration(errand) else "yes"
        values["PIM_REQUEST"] = json.dumps(_pim_request(errand), ensure_ascii=False)[1:-1]
    if errand.road is Road.GROUP:
        values["GROUP_NAME"] = errand.group_name
        values["GROUP_NAME_IN_URL"] = _in_filter(errand.group_name)
        values["GROUP_BODY"] = json.dumps(_group_body(errand), ensure_ascii=False)
    lines = [f"{name}={bash_quoted(_line(value))}" for name, value in values.items()]
    comments = [f"# {text}" for text in (_TITLE, _WHAT, _WHO, "With --dry-run it only says what it would change.")]
    return "\n".join(["#!/usr/bin/env bash", *comments, "set -euo pipefail", "", *lines, ""])


def _powershell_head(errand: Errand) -> str:
    scopes = ["Application.Read.All", "RoleManagement.ReadWrite.Directory"]
    values = {
        "GraphUrl": f"{errand.graph_url}/v1.0",
        "GraphEnvironment": _ENVIRONMENTS.get(errand.cloud, "Global"),
        "TenantId": errand.tenant_id,
        "TenantName": errand.tenant_name,
        "AppId": errand.app_id,
        "AppName": errand.app_name,
        "RoleId": errand.role_id,
        "RoleName": errand.role_name,
    }
    extra = []
    if _is_by_pim(errand):
        values |= {"Duration": _duration(errand), "Justification": errand.justification}
        extra = [
            f"$RenewWithinHours = {errand.renew_within_hours:d}",
            f"$NeedsTicket = ${'true' if errand.needs_ticket else 'false'}",
            f"$MayBePermanent = ${'false' if _duration(errand) else 'true'}",
        ]
    if errand.road is Road.GROUP:
        scopes.append("Group.ReadWrite.All")
        values |= {
            "GroupName": errand.group_name,
            "GroupNameInUrl": _in_filter(errand.group_name),
            "GroupNickname": errand.nickname,
            "GroupDescription": str(_group_body(errand)["description"]),
        }
    lines = [f"${name} = {powershell_quoted(_line(str(value)))}" for name, value in values.items()]
    lines += [f"$Scopes = {', '.join(map(powershell_quoted, scopes))}", *extra]
    comments = [f"# {text}" for text in (_TITLE, _WHAT, _WHO, "With -DryRun it only says what it would change.")]
    return "\n".join(
        [
            *comments,
            "# Needs: Install-Module Microsoft.Graph.Authentication",
            "param([switch] $DryRun, [string] $Ticket = '')",
            "",
            *lines,
            "",
        ]
    )


def bash_quoted(text: str) -> str:
    """A literal of bash: in single quotes nothing is special but the quote itself."""
    return "'" + text.replace("'", "'\\''") + "'"


def powershell_quoted(text: str) -> str:
    """A literal of PowerShell: in single quotes nothing is special but the quotes themselves."""
    return "'" + _POWERSHELL_QUOTES.sub(r"\1\1", text) + "'"


def _in_filter(name: str) -> str:
    """A name inside the quotes of an OData filter, inside an address."""
    return quote(_line(name).replace("'", "''"), safe="")


def _duration(errand: Errand) -> str:
    return errand.duration if _DURATION.fullmatch(errand.duration) else ""


def _pim_request(errand: Errand) -> dict[str, object]:
    duration = _duration(errand)
    expiration = {"type": "afterDuration", "duration": duration} if duration else {"type": "noExpiration"}
    return {
        "roleDefinitionId": errand.role_id,
        "directoryScopeId": "/",
        "justification": _line(errand.justification),
        "scheduleInfo": {"expiration": expiration},
    }


def _group_body(errand: Errand) -> dict[str, object]:
    return {
        "displayName": _line(errand.group_name),
        "mailNickname": errand.nickname,
        "description": f"Holds the directory role of {_line(errand.app_name)}.",
        "mailEnabled": False,
        "securityEnabled": True,
        "isAssignableToRole": True,
        "visibility": "Private",
    }
