"""The part of a tenant's handle that is about rights: roles, PIM, its rules, and the licences they depend on."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from entrasim import pim, roles
from entrasim.state import CustomRole, RoleAssignment, Sku, Tenant, User, new_id
from entrasim.tables import skus
from entrasim.tables.roles import by_name

if TYPE_CHECKING:
    from entrasim.app import Context


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class RightsHandle:
    """Roles and licences of one tenant."""

    _context: "Context"
    state: Tenant

    @property
    def _now(self) -> dt.datetime:
        return self._context.clock.now()

    def assign_role(
        self, principal_id: str, role: str, scope: str = "/", *, at: dt.datetime | None = None, by: User | None = None
    ) -> RoleAssignment:
        """Assign a role by template id or display name. It comes into force after the tenant's lag."""
        role_id = self._role_id(role)
        return roles.assign(
            self.state, principal_id=str(principal_id), role_id=role_id, scope=scope, now=at or self._now, by=by
        )

    def assign_by_pim(
        self,
        principal_id: str,
        role: str,
        *,
        eligible: bool = False,
        scope: str = "/",
        ends_at: dt.datetime | None = None,
        by: User | None = None,
    ) -> RoleAssignment:
        """Assign a role through PIM, as an administrator does in the portal: active or eligible, for good or until."""
        role_id = self._role_id(role)
        return pim.assign(
            self.state,
            principal_id=str(principal_id),
            role_id=role_id,
            kind="Eligible" if eligible else "Active",
            scope=scope,
            ends_at=ends_at,
            now=self._now,
            by=by,
        )

    def make_eligible(self, principal_id: str, role: str) -> RoleAssignment:
        """Turn an active assignment into an eligible one, as an administrator does who takes standing rights away."""
        self.remove_role(principal_id, role)
        return self.assign_by_pim(principal_id, role, eligible=True)

    def remove_eligible(self, principal_id: str, role: str) -> None:
        """Take every eligible assignment of a role away from a principal."""
        role_id = self._role_id(role)
        with self.state.lock:
            for held in list(self.state.role_eligibilities.values()):
                if held.principal_id == str(principal_id) and held.role_definition_id == role_id:
                    pim.withdraw(self.state, held, now=self._now)

    def set_pim_rule(self, rule_id: str, *, role: str = "", **changes: object) -> None:
        """Change a rule of every role's policy, or of one role's; Graph's own property names.

        Raises:
            KeyError: there is no such rule.
        """
        if rule_id not in pim.RULE_IDS:
            raise KeyError(rule_id)
        with self.state.lock:
            rules = self.state.pim_policy_by_role.setdefault(self._role_id(role), {}) if role else self.state.pim_policy
            rules[rule_id] = {**rules.get(rule_id, {}), **changes}

    def add_sku(self, part_number: str | Sku, *, enabled_units: int = 25, status: str = "Enabled") -> Sku:
        """A bought licence, by part number (`SPE_E5`) or as it is. Graph knows it after the tenant's licence lag."""
        bought = (
            part_number
            if isinstance(part_number, Sku)
            else skus.sku(part_number, enabled_units=enabled_units, status=status)
        )
        with self.state.lock:
            if self.state.lag.licence > 0:
                arrives_at = self._now + dt.timedelta(seconds=self.state.lag.licence)
                self.state.skus_on_the_way.append((arrives_at, bought))
            else:
                self.state.skus[bought.sku_id] = bought
        return bought

    def set_sku_status(self, part_number: str, status: str) -> None:
        """Let a licence run out (Suspended, Deleted, LockedOut) or come back (Enabled)."""
        with self.state.lock:
            for sku in self.state.skus.values():
                if sku.sku_part_number == part_number:
                    works = "Success" if status in {"Enabled", "Warning"} else "Disabled"
                    sku.capability_status = status
                    sku.service_plans = {plan: (name, works) for plan, (name, _) in sku.service_plans.items()}
        pim.settle(self.state, self._now)

    def remove_sku(self, part_number: str) -> None:
        """A licence is gone from the list altogether."""
        with self.state.lock:
            self.state.skus = {k: v for k, v in self.state.skus.items() if v.sku_part_number != part_number}
        pim.settle(self.state, self._now)

    def remove_role(self, principal_id: str, role: str, scope: str | None = None) -> None:
        """Take every assignment of a role away from a principal; of one scope only when given."""
        role_id = self._role_id(role)
        with self.state.lock:
            for held in list(self.state.role_assignments.values()):
                fits = scope is None or held.directory_scope_id == scope
                if held.principal_id == str(principal_id) and held.role_definition_id == role_id and fits:
                    roles.remove(self.state, held, now=self._now)

    def decide_activation(self, request_id: str, *, approved: bool = True) -> None:
        """Approve or deny an activation that waits for approval, as an approver does in the portal.

        Raises:
            KeyError: no such request.
            ValueError: it does not wait.
        """
        with self.state.lock:
            request = self.state.pim_requests[request_id]
            if request["status"] != "PendingApproval":
                raise ValueError(f"the request is {request['status']}")
            if not approved:
                request["status"] = "Denied"
                return
            _, ends_at = pim.schedule_info(request, self._now)
            made = pim.assign(
                self.state,
                principal_id=str(request["principalId"]),
                role_id=str(request["roleDefinitionId"]),
                scope=str(request["directoryScopeId"]),
                ends_at=ends_at,
                is_activated=True,
                now=self._now,
            )
            request.update(status="Provisioned", targetScheduleId=made.schedule_id, completedDateTime=self._now)

    def onboard_pim(self, *, onboarded: bool = True) -> None:
        """Whether PIM was ever opened here; where it was not, it answers MissingProvider."""
        self.state.pim_is_onboarded = onboarded

    def _role_id(self, role: str) -> str:
        return role if role in self.state.custom_roles else by_name(role).template_id

    def add_custom_role(self, name: str, actions: Sequence[str] = ()) -> CustomRole:
        """A custom role definition."""
        role = CustomRole(new_id(), name, list(actions))
        with self.state.lock:
            self.state.custom_roles[role.id] = role
        return role
