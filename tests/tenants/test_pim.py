"""J4: is PIM on in this tenant? Two signals, one answer, and the road that follows."""

import dataclasses
import uuid

import pytest
from tests.conftest import SharedClock
from tests.tenants.conftest import Trip

from entrasim.state import Sku
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import PimStatus, Premium, RolePath
from tenantry.tenants.policies import (
    LicenceSignal,
    ServiceSignal,
    judge_pim,
    licence_signal,
    premium_of,
    road_by_pim,
)
from tenantry.tenants.policies.pim import GOVERNANCE_PLAN, P1_PLAN, P2_PLAN

YES, NO, EXPIRED, UNREAD = LicenceSignal.YES, LicenceSignal.NO, LicenceSignal.EXPIRED, LicenceSignal.UNKNOWN
WORKS, UNLICENSED, REFUSED = ServiceSignal.WORKS, ServiceSignal.NO_LICENCE, ServiceSignal.REFUSED
NEW, SILENT = ServiceSignal.NOT_ONBOARDED, ServiceSignal.NO_ANSWER


@dataclasses.dataclass(frozen=True)
class Licence:
    """A licence as a look reads it."""

    service_plan_ids: frozenset[uuid.UUID]
    capability_status: str = "Enabled"
    consumed_units: int = 1

    @property
    def listed_plan_ids(self) -> frozenset[uuid.UUID]:
        return self.service_plan_ids


@pytest.mark.parametrize(
    ("licence", "service", "status", "words"),
    [
        (YES, WORKS, PimStatus.AVAILABLE, "holds Entra ID P2 or Governance"),
        (NO, UNLICENSED, PimStatus.NOT_AVAILABLE, "neither Entra ID P2 nor Governance"),
        (YES, REFUSED, PimStatus.UNKNOWN, "Permission missing"),
        (NO, WORKS, PimStatus.AVAILABLE, "although no licence"),
        (YES, SILENT, PimStatus.UNKNOWN, "no answer"),
        (NO, SILENT, PimStatus.UNKNOWN, "no answer"),
        (UNREAD, SILENT, PimStatus.UNKNOWN, "no answer"),
        (UNREAD, WORKS, PimStatus.AVAILABLE, "could not be read"),
        (UNREAD, REFUSED, PimStatus.UNKNOWN, "Permission missing"),
        (EXPIRED, UNLICENSED, PimStatus.NOT_AVAILABLE, "removes eligible assignments"),
        (EXPIRED, REFUSED, PimStatus.NOT_AVAILABLE, "permanent active ones stay"),
        (EXPIRED, SILENT, PimStatus.NOT_AVAILABLE, "run out"),
        (YES, UNLICENSED, PimStatus.NOT_AVAILABLE, "takes a while"),
        (YES, NEW, PimStatus.UNKNOWN, "never opened"),
        (NO, NEW, PimStatus.NOT_AVAILABLE, "never opened"),
    ],
)
def test_ac_4_3_every_pair_of_signals_has_one_answer_with_its_reason(
    licence: LicenceSignal, service: ServiceSignal, status: PimStatus, words: str
) -> None:
    """AC-4.2, AC-4.3: the service wins over the licence list, and a doubt is called unknown."""
    reading = judge_pim(licence, service)
    assert reading.status is status
    assert words in reading.reason


@pytest.mark.parametrize("licence", list(LicenceSignal))
@pytest.mark.parametrize("service", list(ServiceSignal))
def test_ac_4_1_every_answer_gives_a_reason_and_a_road(licence: LicenceSignal, service: ServiceSignal) -> None:
    """AC-4.1: the branch is selected by itself; an unknown follows the licence, else what was known before."""
    reading = judge_pim(licence, service)
    assert reading.reason.endswith(".")
    road = road_by_pim(reading, known=PimStatus.UNKNOWN)
    if reading.status is PimStatus.AVAILABLE:
        assert road is RolePath.PIM
    elif reading.status is PimStatus.NOT_AVAILABLE:
        assert road is RolePath.DIRECT
    else:
        assert road is (RolePath.PIM if licence is YES else RolePath.DIRECT)


def test_an_unknown_answer_without_any_signal_keeps_the_road_it_had() -> None:
    """AC-4.3: a network error leaves the last known value in force."""
    reading = judge_pim(UNREAD, SILENT)
    assert road_by_pim(reading, known=PimStatus.AVAILABLE) is RolePath.PIM
    assert road_by_pim(reading, known=PimStatus.NOT_AVAILABLE) is RolePath.DIRECT


@pytest.mark.parametrize(
    ("licences", "signal"),
    [
        (None, UNREAD),
        ([], NO),
        ([Licence(frozenset({P1_PLAN}))], NO),
        ([Licence(frozenset({P2_PLAN}))], YES),
        ([Licence(frozenset({GOVERNANCE_PLAN}))], YES),
        ([Licence(frozenset({P1_PLAN, P2_PLAN}), "Warning")], YES),
        ([Licence(frozenset({P2_PLAN}), "Suspended")], EXPIRED),
        ([Licence(frozenset({P2_PLAN}), "Deleted"), Licence(frozenset({P1_PLAN}))], EXPIRED),
        ([Licence(frozenset({P2_PLAN}), "LockedOut"), Licence(frozenset({P2_PLAN}))], YES),
    ],
)
def test_the_licence_signal_asks_for_a_plan_in_a_licence_that_is_in_force(
    licences: list[Licence] | None, signal: LicenceSignal
) -> None:
    """AC-4.2, signal A."""
    assert licence_signal(licences) is signal


@pytest.mark.parametrize(
    ("licences", "premium"),
    [
        (None, Premium.UNKNOWN),
        ([], Premium.NOT_OWNED),
        ([Licence(frozenset({uuid.uuid4()}))], Premium.NOT_OWNED),
        ([Licence(frozenset({P1_PLAN}), consumed_units=0)], Premium.NOT_ASSIGNED),
        ([Licence(frozenset({P1_PLAN}), consumed_units=1)], Premium.ASSIGNED),
        ([Licence(frozenset({P2_PLAN}), consumed_units=3)], Premium.ASSIGNED),
        ([Licence(frozenset({P1_PLAN}), "Suspended", 3)], Premium.NOT_OWNED),
    ],
)
def test_ac_7_2_owned_assigned_and_missing_licences_are_told_apart(
    licences: list[Licence] | None, premium: Premium
) -> None:
    """AC-7.1, AC-7.2."""
    assert premium_of(licences) is premium


def bought(*plans: tuple[uuid.UUID, str], status: str = "Enabled") -> Sku:
    return Sku(
        sku_id=str(uuid.uuid4()),
        sku_part_number="TEST_SKU",
        service_plans={str(plan): (name, "Success") for plan, name in plans},
        capability_status=status,
    )


def test_ac_4_1_a_tenant_without_premium_takes_the_direct_road_and_says_why(trip: Trip) -> None:
    """AC-4.1, AC-4.4: status with its reason, and the human way to see it, on the customer's page."""
    connection = trip.connect()
    assert connection.tenant.pim_status == PimStatus.NOT_AVAILABLE
    assert connection.path == RolePath.DIRECT
    page = trip.page()
    assert "PIM: not available." in page
    assert "neither Entra ID P2 nor Governance" in page
    assert "<b>Membership</b> and <b>Setting</b>" in page


def test_ac_4_5_buying_p2_flips_the_road_with_an_event_and_keeps_the_role(trip: Trip) -> None:
    """AC-4.5: an existing permanent assignment is not broken by it."""
    trip.connect()
    trip.give_role()
    trip.look(minutes=1)
    trip.tenant.add_sku(bought((P2_PLAN, "AAD_PREMIUM_P2")))
    connection = trip.look(hours=10)
    assert connection.tenant.pim_status == PimStatus.AVAILABLE
    assert connection.path == RolePath.PIM
    assert connection.role_seen_at is not None
    flips = trip.events(TenantEvent.PIM_CHANGED)
    assert [event.details["to"] for event in flips] == ["available"]
    assert "PIM: available." in trip.page()
    trip.look(hours=10)
    assert len(trip.events(TenantEvent.PIM_CHANGED)) == 1  # once per change


def test_ac_4_3_without_an_answer_the_last_certain_one_is_kept_with_its_time(trip: Trip, clock: SharedClock) -> None:
    """AC-4.3: network error -> unknown, last known value and time kept."""
    trip.tenant.add_sku(bought((P2_PLAN, "AAD_PREMIUM_P2")))
    connection = trip.connect()
    known_at = connection.tenant.pim_known_at
    trip.tenant.fault("error", path="/roleManagement/directory/roleAssignmentScheduleInstances*", status=503, times=40)
    connection = trip.look(hours=10)
    assert connection.tenant.pim_status == PimStatus.UNKNOWN
    assert (connection.tenant.pim_known, connection.tenant.pim_known_at) == (PimStatus.AVAILABLE, known_at)
    assert connection.path == RolePath.PIM
    assert "Last known for certain: available" in trip.page()


def test_a_road_that_was_chosen_stays_whatever_pim_says(trip: Trip) -> None:
    """AC-4.1: the technician may override."""
    from django.urls import reverse

    connection = trip.connect()
    url = reverse("tenants:path", args=[trip.customer.pk, "helpdesk"])
    assert trip.client.get(url).status_code == 200
    answer = trip.client.post(url, {"path": "pim", "group_name": "", "tenant_id": str(connection.tenant_id)})
    assert answer.status_code == 302
    assert trip.look(minutes=1).path == RolePath.PIM
    assert "This road is closed here" in trip.page()  # no licence of the tenant opens it, and the page says so
    trip.client.post(url, {"path": "", "group_name": "", "tenant_id": str(connection.tenant_id)})
    assert trip.look(minutes=1).path == RolePath.DIRECT
    assert [event.details["to"] for event in trip.events(TenantEvent.PATH_CHOSEN)] == ["pim", "direct"]
