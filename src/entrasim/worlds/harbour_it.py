"""Harbour IT, a managed service provider, and its customers' tenants, which differ as real ones do.

Everything is drawn from one seed: names, dates and passwords are the same in every run (object ids are not). What makes
a tenant special stands in its `kind` and in `CUSTOMERS`.
"""

import dataclasses
import random
from collections.abc import Iterable
from typing import TYPE_CHECKING

from entrasim.state import AppRegistration, Lag
from entrasim.worlds import features
from entrasim.worlds.populate import Populator

if TYPE_CHECKING:
    from entrasim.clock import Clock
    from entrasim.handle import Handle, TenantHandle

SEED = 2026

HELPDESK_PERMISSIONS = (
    "User.Read.All",
    "Organization.Read.All",
    "Domain.Read.All",
    "LicenseAssignment.Read.All",
    "RoleManagement.Read.Directory",
    "Application.Read.All",
    "User-PasswordProfile.ReadWrite.All",
    "User.EnableDisableAccount.All",
    "User.RevokeSessions.All",
    "GroupMember.Read.All",
)
ELEVATION_PERMISSIONS = (
    "RoleManagement.ReadWrite.Directory",
    "User.Create",
    "User.DeleteRestore.All",
    "User.EnableDisableAccount.All",
    "User.RevokeSessions.All",
    "User.Read.All",
    "Organization.Read.All",
    "Domain.Read.All",
    "LicenseAssignment.Read.All",
    "RoleManagement.Read.Directory",
    "Application.Read.All",
)

LAGS = {
    "none": Lag(),
    # Long enough to be seen, short enough to wait for.
    "demo": Lag(consent=2, role_assignment=45, new_object=2, list_and_delta=3),
    # What Microsoft's customers report at worst (`Designing for Eventual Consistency for Microsoft Entra`).
    "full": Lag(consent=30, role_assignment=900, new_object=20, list_and_delta=60),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Customer:
    """A customer's tenant before it is built. `plan` is what `Handle.new_tenant` takes."""

    key: str
    name: str
    domain: str
    kind: str
    plan: str | None
    users: int
    country: str = "GB"


CUSTOMERS = (
    Customer("plain", "Bellweather Bakery", "bellweather-bakery.example", "no premium licence", None, 14),
    Customer("p1", "Kestrel Logistics", "kestrel-logistics.example", "P1", "p1", 60, "IE"),
    Customer("p2", "Aurora Dental", "aurora-dental.example", "P2 with PIM", "p2", 42),
    Customer("p2-no-permanent", "Northgate Legal", "northgate-legal.example", "P2, no permanent active assignment",
             "p2", 38),
    Customer("p2-expired", "Fenwick & Sons", "fenwick-sons.example", "expired P2", "p2-expired", 25),
    Customer("hybrid", "Meridian Engineering", "meridian-engineering.example", "hybrid", "p1", 80, "DE"),
    Customer("federated", "Solstice Hotels", "solstice-hotels.example", "federated domain", "p1", 55, "PT"),
    Customer("older-name", "Larkspur Clinics", "larkspur-clinics.example", "consented as Quickpass", None,
             30, "CA"),
    Customer("emergency", "Granite Credit Union", "granite-cu.example", "emergency accounts", "p1", 48,
             "US"),
    Customer("groups", "Tamarind Foods", "tamarind-foods.example", "role-assignable groups", "p1", 64, "IN"),
    Customer("big", "Atlas University", "atlas-university.example", "20,000 users", "p1", 20_000, "CA"),
    Customer("governance", "Zephyr Studios", "zephyr-studios.example", "Governance", "governance", 22, "JP"),
)  # fmt: skip


@dataclasses.dataclass(slots=True)
class HarbourIT:
    """The world after building. `customers` is keyed by `Customer.key`."""

    seed: int
    partner: "TenantHandle"
    helpdesk: AppRegistration
    elevation: AppRegistration
    look_alike: AppRegistration
    customers: dict[str, "TenantHandle"]

    @property
    def tenants(self) -> list["TenantHandle"]:
        """The partner's tenant, then the customers'."""
        return [self.partner, *self.customers.values()]


def build(
    handle: "Handle",
    *,
    clock: "Clock",
    redirect_uris: Iterable[str],
    elevation_redirect_uris: Iterable[str] | None = None,
    helpdesk_certificate_pem: str | None = None,
    elevation_certificate_pem: str | None = None,
    lag: Lag | None = None,
    seed: int = SEED,
    big: int | None = None,
) -> HarbourIT:
    """Build the world into a simulator.

    Args:
        handle: the simulator's handle.
        clock: tells now; everything is dated before it.
        redirect_uris: of the app "Tenantry Help Desk".
        elevation_redirect_uris: of the app "Tenantry Elevation"; the same when None.
        helpdesk_certificate_pem: public certificate to upload, in addition to a secret made from the seed.
        elevation_certificate_pem: as above.
        lag: how late changes become visible in the customers' tenants; none when None. See `LAGS`.
        seed: another seed gives other dates and passwords.
        big: users of the largest tenant, 20,000 when None; a test may want fewer.
    """
    # Repeatable on purpose: a demo that says the same thing every time.
    dice = random.Random(seed)  # noqa: S311
    populator = Populator(seed=seed, dice=dice, now=clock.now().replace(microsecond=0))
    uris = list(redirect_uris)
    partner = handle.new_tenant(name="Harbour IT", domain="harbour-it.example", kind="partner", plan="p1")
    populator.found(partner, country="GB", admin_name="Morgan Hale")
    populator.add_people(partner, 12)

    def register(name: str, permissions: tuple[str, ...], to: list[str], pem: str | None) -> AppRegistration:
        return handle.register_app(
            display_name=name,
            home_tenant_id=partner.id,
            secret=populator.password(name),
            certificate_pem=pem,
            redirect_uris=to,
            required_app_roles=list(permissions),
            id_token_claims=["auth_time"],
        )

    helpdesk = register("Tenantry Help Desk", HELPDESK_PERMISSIONS, uris, helpdesk_certificate_pem)
    elevation_uris = uris if elevation_redirect_uris is None else list(elevation_redirect_uris)
    elevation = register("Tenantry Elevation", ELEVATION_PERMISSIONS, elevation_uris, elevation_certificate_pem)
    customers = {}
    for customer in CUSTOMERS:
        tenant = handle.new_tenant(name=customer.name, domain=customer.domain, kind=customer.kind, plan=customer.plan)
        count = big if big is not None and customer.key == "big" else customer.users
        populator.found(tenant, country=customer.country)
        populator.add_people(tenant, count)
        populator.add_oddities(tenant)
        customers[customer.key] = tenant
    features.forbid_permanent_assignment(customers["p2-no-permanent"])
    features.make_hybrid(customers["hybrid"], populator)
    features.federate(customers["federated"])
    look_alike = features.consent_under_older_name(handle, customers["older-name"], helpdesk, populator)
    features.add_emergency_accounts(customers["emergency"], populator)
    features.add_role_assignable_groups(customers["groups"], populator)
    for tenant in customers.values():
        features.settle(tenant, populator)
        tenant.state.lag = dataclasses.replace(lag) if lag else Lag()
    features.settle(partner, populator)
    return HarbourIT(seed, partner, helpdesk, elevation, look_alike, customers)
