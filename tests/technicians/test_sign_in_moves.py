"""Issue 4, sign-in states: two browsers of one technician, walked at random against a model of them.

The model knows of each browser since when it is signed in, when it was last used and when it last gave proof.
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from tests.conftest import SharedClock
from tests.technicians.conftest import PASSWORD
from tests.technicians.helpers import totp_code
from tests.technicians.staff_helpers import new_person, who

from tenantry.notifications.models import AlertChannel
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Role
from tenantry.technicians.staff import changing

SETTINGS = "/settings/"
LOGIN = "/accounts/login/"
SECOND = "/accounts/2fa/authenticate/"
AGAIN = "/accounts/2fa/reauthenticate/"
DANGEROUS = "/settings/notifications/webhook/"
IDLE, ABSOLUTE, FRESH = dt.timedelta(minutes=60), dt.timedelta(hours=12), dt.timedelta(minutes=10)
BROWSERS = st.sampled_from([0, 1])


@dataclasses.dataclass
class Seen:
    """A browser as the model sees it; nobody is signed in while `since` is None."""

    client: Client
    since: dt.datetime | None = None
    used: dt.datetime | None = None
    proof: dt.datetime | None = None


def test_who_is_signed_in_and_has_given_proof_is_as_the_model_says(  # noqa: C901  one machine
    technician: Technician, browser: Callable[[], Client], clock: SharedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = [62_000_000]
    monkeypatch.setattr("allauth.mfa.totp.internal.auth.yield_hotp_counters_from_time", lambda: iter([counter[0]]))
    Technician.objects.filter(pk=technician.pk).update(role=Role.ADMINISTRATOR)
    technician.refresh_from_db()
    owner = new_person("owner")
    secret = str(generate_totp_secret())
    TOTP.activate(technician, secret)

    def code() -> str:
        counter[0] += 1  # a code works once
        return totp_code(secret, counter[0])

    class SignIns(RuleBasedStateMachine):
        is_active = True

        def __init__(self) -> None:
            super().__init__()
            Technician.objects.filter(pk=technician.pk).update(is_active=True)
            self.browsers = [Seen(browser()), Seen(browser())]
            for at in (0, 1):
                self.sign_in(at, PASSWORD, "right")

        def _is_in(self, seen: Seen) -> bool:
            """Whether a request of this browser is served now; it counts as use."""
            now = clock.now()
            if seen.since is None or seen.used is None or now - seen.since >= ABSOLUTE or now - seen.used >= IDLE:
                seen.since = None
                return False
            seen.used = now
            return True

        def _begin(self, seen: Seen, password: str) -> None:
            seen.client.post("/accounts/logout/")
            seen.since = seen.used = seen.proof = None
            cache.clear()  # how often one may try is another test's
            seen.client.post(LOGIN, {"login": technician.email, "password": password})

        @rule(at=BROWSERS, password=st.sampled_from([PASSWORD, "not it"]), second=st.sampled_from(["right", "wrong"]))
        def sign_in(self, at: int, password: str, second: str) -> None:
            seen = self.browsers[at]
            self._begin(seen, password)
            seen.client.post(SECOND, {"code": code() if second == "right" else "000000"})
            if self.is_active and password == PASSWORD and second == "right":
                seen.since = seen.used = seen.proof = clock.now()

        @rule(at=BROWSERS)
        def sign_in_with_a_recovery_code(self, at: int) -> None:
            """It lets in, and proves nothing: the paper may have been found."""
            seen = self.browsers[at]
            Authenticator.objects.filter(user=technician, type=Authenticator.Type.RECOVERY_CODES).delete()
            paper = RecoveryCodes.activate(technician).get_unused_codes()
            self._begin(seen, PASSWORD)
            seen.client.post(SECOND, {"code": paper[0]})
            if self.is_active:
                seen.since = seen.used = clock.now()
            self.do_something_dangerous(at, 0)

        @rule(at=BROWSERS, right=st.booleans())
        def give_proof(self, at: int, *, right: bool) -> None:
            seen = self.browsers[at]
            is_in = self._is_in(seen)
            cache.clear()
            seen.client.post(AGAIN, {"code": code() if right else "000000", "next": SETTINGS})
            if is_in and right:
                seen.proof = clock.now()

        @rule(at=BROWSERS, after=st.sampled_from([0, 10, 11]))
        def do_something_dangerous(self, at: int, after: int) -> None:
            clock.travel(minutes=after)
            seen = self.browsers[at]
            host = f"h-{uuid.uuid4().hex[:12]}.example.com"
            may = self._is_in(seen) and seen.proof is not None and clock.now() - seen.proof <= FRESH
            seen.client.post(DANGEROUS, {"url": f"https://{host}/hook"})
            assert AlertChannel.objects.filter(target__contains=host).exists() == may
            AlertChannel.objects.filter(target__contains=host).delete()

        @rule(at=BROWSERS)
        def sign_out(self, at: int) -> None:
            self.browsers[at].client.post("/accounts/logout/")
            self.browsers[at].since = None

        @rule(at=BROWSERS)
        def sign_out_elsewhere(self, at: int) -> None:
            seen, other = self.browsers[at], self.browsers[1 - at]
            is_in = self._is_in(seen)
            seen.client.post("/settings/sign-out-elsewhere/")
            if is_in:
                other.since = None

        @rule()
        def be_signed_out_by_an_owner(self) -> None:
            changing.end_sessions(**who(owner), target_id=technician.pk)
            self._all_out()

        @rule(comes_back=st.booleans())
        def be_switched_off(self, *, comes_back: bool) -> None:
            """Whoever comes back finds none of the old sessions alive."""
            if self.is_active:
                changing.deactivate(**who(owner), target_id=technician.pk)
            Technician.objects.filter(pk=technician.pk).update(is_active=comes_back)
            self.is_active = comes_back
            self._all_out()

        def _all_out(self) -> None:
            for seen in self.browsers:
                seen.since = None
                self._look(seen)

        @rule(at=BROWSERS, after=st.sampled_from([0, 59, 60]), times=st.sampled_from([1, 1, 13]))
        def look(self, at: int, after: int, times: int) -> None:
            """Looking is use, so it is a step of its own and no invariant."""
            seen = self.browsers[at]
            for _ in range(times):
                clock.travel(minutes=after)
                self._look(seen)

        def _look(self, seen: Seen) -> None:
            expected = self._is_in(seen)
            assert (seen.client.get(SETTINGS).status_code == 200) == expected

    run_state_machine_as_test(
        SignIns,
        settings=settings(
            max_examples=12, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
