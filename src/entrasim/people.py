"""Ordinary users by the thousand, the same in every run but for their ids."""

import datetime as dt
from collections.abc import Iterator

from entrasim.state import User, new_id

_GIVEN = ("Amara", "Ben", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Haruto", "Ines", "Jonas", "Kavya", "Liam",
          "Mei", "Noor", "Oskar", "Priya", "Quentin", "Rosa", "Sven", "Tala")  # fmt: skip
_SURNAMES = ("Adeyemi", "Bauer", "Chen", "Dubois", "Eriksen", "Ferrari", "Garcia", "Haddad", "Ivanov", "Jansen", "Kim",
             "Larsen", "Moreau", "Novak", "Okafor", "Patel", "Rossi", "Sato", "Tanaka", "Weber")  # fmt: skip
_JOBS = ("Accountant", "Analyst", "Clerk", "Designer", "Engineer", "Manager", "Nurse", "Planner")


def people(count: int, *, domain: str, now: dt.datetime) -> Iterator[User]:
    """So many users, created over the past year."""
    for number in range(count):
        given = _GIVEN[number % len(_GIVEN)]
        surname = _SURNAMES[number // len(_GIVEN) % len(_SURNAMES)]
        created = now - dt.timedelta(days=40 + number % 360)
        upn = f"{given}.{surname}.{number}@{domain}".lower()
        yield User(
            id=new_id(),
            user_principal_name=upn,
            display_name=f"{given} {surname}",
            given_name=given,
            surname=surname,
            mail=upn,
            job_title=_JOBS[number % len(_JOBS)],
            usage_location="GB",
            created_date_time=created,
            last_password_change_date_time=created,
            password="Ordinary-Day-42",  # noqa: S106  simulated people
            account_enabled=number % 50 != 49,  # noqa: PLR2004  a blocked account now and then
        )
