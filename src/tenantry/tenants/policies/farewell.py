"""What remains of us in a tenant after we disconnect, and how an administrator of the customer removes it."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from tenantry.reach import roles
from tenantry.tenants.policies.holdings import Holding
from tenantry.tenants.policies.standing import Facts


@dataclasses.dataclass(frozen=True, slots=True)
class Remnant:
    """One thing that remains.

    Attributes:
        what: the thing.
        steps: what to do in the admin center.
        script: the same for Azure CLI or Microsoft Graph PowerShell; empty when there is no short one.
    """

    what: str
    steps: str
    script: str = ""

    def to_json(self) -> dict[str, str]:
        """As kept on the row."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Remnant":
        """Back from the row."""
        return cls(**kept)


def remnants(facts: Facts, *, object_id: str, holdings: Iterable[Holding], permissions: int) -> tuple[Remnant, ...]:
    """What remains of one enterprise app: roles by the road they came on, then the app with its permissions.

    Args:
        facts: its connection.
        object_id: its object id in the tenant; empty when unknown.
        holdings: the roles that it still has.
        permissions: how many permissions it was granted.
    """
    app = facts.app_name or "our enterprise app"
    found = []
    for holding in holdings:
        name = facts.role_title(holding.role_id)
        where = f", limited to {facts.unit_names.get(holding.unit_id) or holding.unit_id}" if holding.unit_id else ""
        if holding.group_id:
            found.append(
                Remnant(
                    f"The role {name} through the group “{holding.group_name or holding.group_id}”.",
                    f"In Groups open “{holding.group_name or holding.group_id}”, Members, and remove {app}; delete the "
                    "group if nobody else is in it.",
                    f"az ad group member remove --group {holding.group_id} --member-id {object_id}"
                    if object_id
                    else "",
                )
            )
        else:
            kind = "" if holding.is_active else "eligible "
            found.append(
                Remnant(
                    f"The {kind}role {name}{where}, assigned to {app}.",
                    f"In Roles and administrators open {name}, select {app} and choose Remove.",
                )
            )
    what = f"The enterprise app {app} with its {permissions} permissions."
    steps = f"In Enterprise applications open {app}, Properties, and choose Delete. That takes its roles with it."
    found.append(Remnant(what, steps, f"az ad sp delete --id {object_id}" if object_id else ""))
    return tuple(found)


def role_list(role_ids: Iterable[str]) -> str:
    """Roles by name, for a sentence."""
    return ", ".join(sorted(map(roles.role_name, role_ids)))
