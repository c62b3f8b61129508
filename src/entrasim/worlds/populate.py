"""Filling a tenant with people, cheaply: plain objects put straight into its state, before anybody looks."""

import dataclasses
import datetime as dt
import itertools
import random
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from entrasim.state import Sku, User
from entrasim.worlds.people import DEPARTMENTS, JOBS, Person, crowd, password_for

if TYPE_CHECKING:
    from entrasim.handle import TenantHandle

BUSINESS_STANDARD = Sku(
    sku_id="f245ecc8-75af-4f8e-b61f-27d8114de5f3",
    sku_part_number="O365_BUSINESS_PREMIUM",
    service_plans={
        "9aaf7827-d63c-4b61-89c3-182f06f82e5c": ("EXCHANGE_S_STANDARD", "Success"),
        "57ff2da0-773e-42df-b2af-ffb7a2317929": ("TEAMS1", "Success"),
    },
)
"""Microsoft 365 Business Standard, which keeps its old part number and carries no Entra ID premium plan."""

GUESTS = (
    ("Iris Vandermeer", "iris.vandermeer", "fjordlight-audit.example", "Accepted"),
    ("Rafael Quintero", "rafael.quintero", "bluewharf-design.example", "PendingAcceptance"),
)

MOBILE, LANDLINE = "07400 123456", "020 7946 0018"
"""Numbers that belong to nobody: the example of Google's rules for telephone numbers, and one of Ofcom's for drama."""


@dataclasses.dataclass(slots=True)
class Populator:
    """Draws people, dates and passwords from one seed."""

    seed: int
    dice: random.Random
    now: dt.datetime  # without microseconds, as Graph shows times

    def password(self, name: str) -> str:
        """The password (or secret) of that user principal name (or app) in this seed."""
        return password_for(self.seed, name)

    def days_ago(self, most: float, least: float = 1) -> dt.datetime:
        """A moment between `least` and `most` days before now, to the second."""
        seconds = (least + (most - least) * self.dice.random()) * 86_400
        return self.now - dt.timedelta(seconds=int(seconds))

    def found(self, tenant: "TenantHandle", *, country: str, admin_name: str | None = None) -> None:
        """Date the tenant back and give its Global Administrator a name and this seed's password."""
        state = tenant.state
        with state.lock:
            state.created_date_time = self.days_ago(3000, 1200)
            state.country_letter_code = country
            admin = tenant.admin
            admin.display_name = admin_name or f"{state.display_name} Administrator"
            admin.password = self.password(admin.user_principal_name)
            admin.created_date_time = state.created_date_time
            admin.last_password_change_date_time = self.days_ago(300)
            admin.last_sign_in_date_time = self.days_ago(20)
            state.skus[BUSINESS_STANDARD.sku_id] = dataclasses.replace(
                BUSINESS_STANDARD, service_plans=dict(BUSINESS_STANDARD.service_plans)
            )

    def add_people(self, tenant: "TenantHandle", count: int) -> list[User]:
        """So many members with login names at the tenant's own domain."""
        domain = tenant.domain
        started = tenant.state.created_date_time
        members = [
            self.put(tenant, self.member(person, f"{person.login}@{domain}", started))
            for person in itertools.islice(self._crowd(), count)
        ]
        first, head = members[0], members[1]
        first.mobile_phone, head.mobile_phone = MOBILE, LANDLINE
        head.account_enabled = True
        for member in members:
            member.manager_id = tenant.admin.id if member is head else head.id
        return members

    def add_oddities(self, tenant: "TenantHandle") -> None:
        """What every real directory has: guests, somebody who left, somebody who never came, a few helpers."""
        initial = tenant.state.initial_domain
        for name, login, home, state in GUESTS:
            given, surname = name.split()
            upn = f"{login}_{home}#EXT#@{initial}"
            guest = self.member(Person(name, given, surname, login), upn, tenant.state.created_date_time)
            guest.mail = f"{login}@{home}"
            guest.user_type = "Guest"
            guest.external_user_state = state
            guest.creation_type = "Invitation"
            guest.password = None
            guest.assigned_sku_ids = []
            self.put(tenant, guest)
        left = self.named(tenant, "Gareth Pike", "gareth.pike")
        left.account_enabled = False
        never = self.named(tenant, "Wilhelmina Achterberg", "wilhelmina.achterberg")
        never.last_sign_in_date_time = None
        never.force_change_password_next_sign_in = True
        helper = self.named(tenant, "Samira Haddad-Olsen", "samira.haddad-olsen")
        for role in ("Helpdesk Administrator", "Groups Administrator", "Reports Reader"):
            tenant.assign_role(principal_id=helper.id, role=role)
        lead = self.named(tenant, "Victor Lindgren", "victor.lindgren")
        tenant.assign_role(principal_id=lead.id, role="User Administrator")
        keeper = self.named(tenant, "Yusuf Demirel", "yusuf.demirel")
        tenant.assign_role(principal_id=keeper.id, role="Privileged Role Administrator")

    def named(self, tenant: "TenantHandle", name: str, login: str, *, domain: str | None = None) -> User:
        """One more member, by name."""
        given, _, surname = name.partition(" ")
        person = Person(name, given, surname, login)
        upn = f"{login}@{domain or tenant.domain}"
        user = self.member(person, upn, tenant.state.created_date_time)
        user.account_enabled = True
        return self.put(tenant, user)

    def member(self, person: Person, upn: str, started: dt.datetime) -> User:
        """A user as a directory holds it; nothing is stored yet."""
        dice = self.dice
        age_days = max((self.now - started).days, 2)
        created = self.days_ago(age_days)
        changed = self.days_ago(max(min((self.now - created).days, 500), 2))
        return User(
            id=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
            user_principal_name=upn,
            display_name=person.display_name,
            given_name=person.given_name,
            surname=person.surname,
            mail=upn,
            job_title=dice.choice(JOBS),
            department=dice.choice(DEPARTMENTS),
            usage_location="GB",
            created_date_time=created,
            last_password_change_date_time=max(created, changed),
            password=self.password(upn),
            account_enabled=dice.random() > 0.03,  # noqa: PLR2004  a few blocked accounts everywhere
            last_sign_in_date_time=None if dice.random() < 0.05 else self.days_ago(60, 0.01),  # noqa: PLR2004
            assigned_sku_ids=[BUSINESS_STANDARD.sku_id] if dice.random() < 0.8 else [],  # noqa: PLR2004
        )

    def put(self, tenant: "TenantHandle", user: User) -> User:
        """Store a user in the tenant."""
        state = tenant.state
        with state.lock:
            state.change_number += 1
            user.change_number = state.change_number
            state.users[user.id] = user
        return user

    def _crowd(self) -> Iterator[Person]:
        return crowd(self.dice)
