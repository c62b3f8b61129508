"""The handle of one tenant: what a test or a person does to it without being a client."""

import dataclasses
import datetime as dt
import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from entrasim import consent, grants, principals
from entrasim.changes import changing, find_user, record
from entrasim.faults import Fault, FaultOption
from entrasim.journal import JournalEntry
from entrasim.rights_handle import RightsHandle
from entrasim.state import (
    AccessPassPolicy,
    AdministrativeUnit,
    AppRegistration,
    Group,
    Lag,
    ServicePrincipal,
    User,
    new_id,
)
from entrasim.tables.permissions import app_role_id

if TYPE_CHECKING:
    pass


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class TenantHandle(RightsHandle):
    """One tenant."""

    def __repr__(self) -> str:
        return f"<TenantHandle {self.domain} {self.id}>"

    @property
    def id(self) -> str:
        """The tenant id."""
        return self.state.id

    @property
    def domain(self) -> str:
        """The custom domain, which new users get."""
        return self.state.default_domain

    @property
    def admin(self) -> User:
        """The Global Administrator that the tenant was made with."""
        return next(iter(self.state.users.values()))

    def user(self, key: str) -> User:
        """A user, deleted ones too, by id or user principal name.

        Raises:
            KeyError: no such user.
        """
        with self.state.lock:
            found = find_user(self.state, str(key)) or self.state.deleted_users.get(str(key).lower())
        if found is None:
            raise KeyError(f"no user {key} in {self.state.display_name}")
        return found

    def add_user(
        self,
        *,
        name: str = "Ada Example",
        upn: str | None = None,
        password: str | None = None,
        roles: Iterable[str] = (),
        guest: bool = False,
        synced: bool = False,
        enabled: bool = True,
        **fields: Any,  # noqa: ANN401  any field of User
    ) -> User:
        """A user as if it had been there for some time, unless `fields` dates it; `created_now=True` lets lag hide it.

        Args:
            name: display name; given name and surname come from it.
            upn: user principal name, made from the name when None.
            password: what sign-in pages check; a known one when None.
            roles: template ids or display names of directory roles.
            guest: a guest from elsewhere.
            synced: mastered on-premises.
            enabled: whether sign-in is allowed.
            fields: further fields of `state.User`, in snake case.
        """
        now = self._now.replace(microsecond=0)
        created = now if fields.pop("created_now", False) else now - dt.timedelta(days=30)
        given, _, surname = name.partition(" ")
        with self.state.lock:
            user = User(
                id=fields.pop("id", None) or new_id(),
                user_principal_name=upn or self._free_upn(name, guest=guest),
                display_name=name,
                created_date_time=fields.pop("created_date_time", created),
                last_password_change_date_time=fields.pop("last_password_change_date_time", created),
                given_name=fields.pop("given_name", given or None),
                surname=fields.pop("surname", surname or None),
                password=None if guest else password or "Ordinary-Day-42",
                account_enabled=enabled,
            )
            if guest:
                user.user_type = "Guest"
                user.external_user_state = "Accepted"
                user.creation_type = "Invitation"
            if synced:
                user.on_premises_sync_enabled = True
                user.on_premises_domain_name = f"corp.{self.domain}"
                user.on_premises_last_sync_date_time = now
                self.state.on_premises_sync_enabled = True
            for field, value in fields.items():
                if field not in _USER_FIELDS:
                    raise TypeError(f"a user has no field {field!r}")
                setattr(user, field, value)
            self.state.users[user.id] = user
            user.change_number = record(self.state, kind="user", object_id=user.id, before=None, now=self._now)
            for role in roles:
                self.assign_role(user.id, role)
        return user

    def update_user(self, user: User | str, **fields: Any) -> User:  # noqa: ANN401  any field of User
        """Change fields of a user as its administrator did; delta tells about it."""
        found = self.user(user if isinstance(user, str) else user.id)
        unknown = set(fields) - _USER_FIELDS
        if unknown:
            raise TypeError(f"a user has no field {', '.join(sorted(unknown))}")
        with changing(self.state, found, now=self._now):
            for field, value in fields.items():
                setattr(found, field, value)
        return found

    def set_password(self, user: User | str, password: str) -> User:
        """A new password, as its administrator did in the portal."""
        return self.update_user(
            user, password=password, last_password_change_date_time=self._now.replace(microsecond=0)
        )

    def sign_in_methods(self, user: User | str, *methods: str) -> User:
        """How a person signs in from now on, in the words of `amr`: pwd, mfa, otp, rsa, fido. No method: only pwd."""
        return self.update_user(user, sign_in_methods=methods or ("pwd",), signs_in_with_mfa="mfa" in methods)

    def protect_context(self, context: str, *, wants_mfa: bool = True) -> None:
        """Declare an authentication context (c1 to c99), with or without a policy that wants a second factor for it."""
        self.state.authentication_contexts[context] = wants_mfa

    def allow_access_passes(self, **policy: Any) -> None:  # noqa: ANN401  any field of AccessPassPolicy
        """Switch the Temporary Access Pass policy on, with these values instead of Microsoft's defaults."""
        self.state.access_pass_policy = AccessPassPolicy(**{"is_enabled": True, **policy})

    def tell_methods_in_id_tokens(self, *, told: bool = True) -> None:
        """Let v2.0 id tokens carry `amr` and `acr`, which Microsoft's pages do not promise."""
        self.state.id_tokens_tell_methods = told

    def delete_user(self, user: User) -> User:
        """Soft delete."""
        with changing(self.state, user, now=self._now):
            user.deleted_date_time = self._now.replace(microsecond=0)
            del self.state.users[user.id]
            self.state.deleted_users[user.id] = user
        return user

    def restore_user(self, user: User) -> User:
        """Undo a soft delete."""
        with changing(self.state, user, now=self._now):
            user.deleted_date_time = None
            del self.state.deleted_users[user.id]
            self.state.users[user.id] = user
        return user

    def purge_user(self, user: User) -> None:
        """Delete for good."""
        with self.state.lock:
            self.state.users.pop(user.id, None)
            self.state.deleted_users.pop(user.id, None)
            number = record(self.state, kind="user", object_id=user.id, before=None, now=self._now)
            self.state.purged_users[user.id] = number

    def assign_licence(self, user: User | str, part_number: str) -> User:
        """Give a user a licence that the tenant owns."""
        sku_id = next(sku.sku_id for sku in self.state.skus.values() if sku.sku_part_number == part_number)
        found = self.user(user if isinstance(user, str) else user.id)
        return self.update_user(found, assigned_sku_ids=[*found.assigned_sku_ids, sku_id])

    def add_group(
        self,
        name: str,
        assignable: bool = False,  # noqa: FBT001, FBT002  reads well: add_group("Desk", assignable=True)
        members: Iterable[User | str] = (),
        owners: Iterable[User | str] = (),
    ) -> Group:
        """A security group, role-assignable or not; licences are not asked for."""
        group = Group(
            id=new_id(),
            display_name=name,
            created_date_time=self._now - dt.timedelta(days=30),
            mail_nickname=re.sub(r"[^a-z0-9]", "", name.lower()) or "group",
            is_assignable_to_role=assignable,
            visibility="Private" if assignable else None,
            members=dict.fromkeys(map(_id_of, members), self._now - dt.timedelta(days=29)),
            owners=dict.fromkeys(map(_id_of, owners), self._now - dt.timedelta(days=29)),
        )
        with self.state.lock:
            self.state.groups[group.id] = group
            group.change_number = record(self.state, kind="group", object_id=group.id, before=None, now=self._now)
        return group

    def add_member(self, group: Group, member: User | ServicePrincipal | str) -> None:
        """Put somebody into a group now; roles through it come into force after the lag."""
        with changing(self.state, group, now=self._now):
            group.members[_id_of(member)] = self._now

    def remove_member(self, group: Group, member: User | ServicePrincipal | str) -> None:
        """Take somebody out of a group."""
        with changing(self.state, group, now=self._now):
            group.members.pop(_id_of(member), None)

    def add_unit(
        self, name: str, members: Iterable[User | Group | str] = (), *, restricted: bool = False
    ) -> AdministrativeUnit:
        """An administrative unit."""
        unit = AdministrativeUnit(new_id(), name, restricted, set(map(_id_of, members)))
        with self.state.lock:
            self.state.administrative_units[unit.id] = unit
        return unit

    def add_restricted_unit(self, name: str, members: Iterable[User | Group | str] = ()) -> AdministrativeUnit:
        """A restricted management administrative unit."""
        return self.add_unit(name, members, restricted=True)

    def consent(
        self,
        app: AppRegistration,
        *,
        display_name: str | None = None,
        app_roles: Iterable[str] | None = None,
        at: dt.datetime | None = None,
        by: User | None = None,
    ) -> ServicePrincipal:
        """What an administrator's Accept does. `app_roles`: fewer or other permissions than the app requires."""
        return consent.grant(
            self._context.world,
            self.state,
            app,
            by or self.admin,
            self._context.clock,
            app_roles,
            display_name=display_name,
            at=at,
        )

    def service_principal(self, app: AppRegistration) -> ServicePrincipal:
        """The enterprise app of an app here.

        Raises:
            KeyError: never consented.
        """
        with self.state.lock:
            for principal in self.state.service_principals.values():
                if principal.app_id == app.app_id:
                    return principal
        raise KeyError(f"{app.display_name} has no service principal in {self.state.display_name}")

    def withdraw_consent(self, app: AppRegistration) -> None:
        """Delete the enterprise app with its permissions and roles."""
        principals.delete(self.state, self.service_principal(app), now=self._now, by=self.admin)

    def consent_delegated(
        self, app: AppRegistration, scopes: Iterable[str], *, user: User | None = None
    ) -> ServicePrincipal:
        """Accept delegated permissions: for one user, or for everybody when None."""
        principal = consent.install(self.state, app, now=self._now, by=user or self.admin)
        grants.accept(self.state, principal, scopes, user=user or self.admin, everybody=user is None, now=self._now)
        return principal

    def delegated_scopes(self, app: AppRegistration, user: User | None = None) -> frozenset[str]:
        """Delegated permissions that an app has here for a user, the administrator when None."""
        principal = grants.principal_of(self.state, app.app_id)
        if principal is None:
            return frozenset()
        return grants.granted_scopes(self.state, principal.id, (user or self.admin).id)

    def revoke_delegated(self, app: AppRegistration) -> None:
        """Take all delegated permissions of an app away."""
        grants.forget_principal(self.state, self.service_principal(app).id)

    def remove_permission(self, app: AppRegistration, name: str) -> None:
        """Take one granted application permission away; tokens that are out keep it in `roles`."""
        with self.state.lock:
            self.service_principal(app).app_role_assignments.pop(app_role_id(name), None)

    def disable_app(self, app: AppRegistration, *, disabled: bool = True) -> ServicePrincipal:
        """Disable (or enable) the enterprise app."""
        principal = self.service_principal(app)
        principal.account_enabled = not disabled
        return principal

    def sync(self, user: User, **on_premises: Any) -> User:  # noqa: ANN401  any field of User
        """A run of the on-premises sync: overwrites what the cloud changed with what Active Directory has."""
        return self.update_user(
            user, **{"account_enabled": True, "on_premises_last_sync_date_time": self._now, **on_premises}
        )

    def set_lag(self, **seconds: float) -> Lag:
        """Change how late things become visible: consent, role_assignment, pim, licence, new_object, list_and_delta."""
        self.state.lag = dataclasses.replace(self.state.lag, **seconds)
        return self.state.lag

    def expire_delta_tokens(self) -> None:
        """Every delta token handed out so far is answered with 410."""
        self.state.delta_epoch += 1

    def vanish(self) -> None:
        """The tenant is deleted: login answers 90002."""
        self.state.gone = True

    def fault(self, kind: str, *, method: str = "*", path: str = "*", times: int = 1, **options: FaultOption) -> Fault:
        """Script a fault; see `faults.KINDS`. `path` is a glob on what stands behind `/v1.0`.

        The token endpoint is meant only by naming it: "/oauth2/v2.0/token".
        """
        nested = options.pop("options", None)
        merged = {**options, **nested} if isinstance(nested, dict) else options
        return self._context.faults.add(self.id, kind=kind, method=method, path=path, times=times, options=merged)

    def clear_faults(self) -> None:
        """Nothing goes wrong any more."""
        self._context.faults.clear(self.id)

    def journal(self) -> list[JournalEntry]:
        """What clients asked of this tenant, oldest first."""
        return self._context.journal.of(self.id)

    def lint(self) -> list[str]:
        """Complaints about this tenant's clients."""
        return self._context.linter.of(self.id)

    def _free_upn(self, name: str, *, guest: bool) -> str:
        login = re.sub(r"[^a-z0-9.]", "", name.lower().replace(" ", ".")) or f"user{secrets.token_hex(3)}"
        tail = f"_elsewhere.example#EXT#@{self.state.initial_domain}" if guest else f"@{self.domain}"
        upn, number = f"{login}{tail}", 1
        while find_user(self.state, upn) is not None:
            number += 1
            upn = f"{login}{number}{tail}"
        return upn


_USER_FIELDS = frozenset(field.name for field in dataclasses.fields(User)) - {"id", "change_number"}


def _id_of(item: User | Group | ServicePrincipal | str) -> str:
    return item if isinstance(item, str) else item.id
