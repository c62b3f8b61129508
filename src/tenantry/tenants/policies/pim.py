"""Is PIM on in this tenant? Two signals, one answer, and the road that follows from it (J4).

Signal A is the licence: a tenant has Privileged Identity Management exactly when it holds Entra ID P2 or Entra ID
Governance; there is no other switch. Signal B is the service itself: asked for role schedules, it answers or says what
is missing. The service wins where the two disagree, because it is what a wizard in the portal asks too.
"""

import dataclasses
import datetime as dt
import enum
import uuid
from collections.abc import Iterable
from typing import Final, Protocol

from tenantry.tenants.models import PimStatus, Premium, RolePath

P1_PLAN: Final = uuid.UUID("41781fb2-bc02-4b7c-bd55-b576c07bb09d")
P2_PLAN: Final = uuid.UUID("eec0eb4f-6444-4f95-aba0-50c24d67f998")
GOVERNANCE_PLAN: Final = uuid.UUID("e866a266-3cff-43a3-acca-0c90a7e00c8b")
_PIM_PLANS: Final = frozenset({P2_PLAN, GOVERNANCE_PLAN})
_PREMIUM_PLANS: Final = _PIM_PLANS | {P1_PLAN}  # some licences with P2 do not list P1
_IN_FORCE: Final = frozenset({"Enabled", "Warning"})  # Warning: payment is late, everything still works


class LicenceSignal(enum.StrEnum):
    """Signal A: what the bought licences say."""

    YES = "yes"
    NO = "no"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class ServiceSignal(enum.StrEnum):
    """Signal B: what PIM itself says."""

    WORKS = "works"
    NO_LICENCE = "no_licence"
    NOT_ONBOARDED = "not_onboarded"
    REFUSED = "refused"
    NO_ANSWER = "no_answer"


class Sku(Protocol):
    """A licence as a look reads it."""

    @property
    def capability_status(self) -> str:
        """Enabled, Warning, Suspended, Deleted or LockedOut."""

    @property
    def consumed_units(self) -> int:
        """How many are assigned."""

    @property
    def service_plan_ids(self) -> frozenset[uuid.UUID]:
        """Plans in it that are provisioned."""

    @property
    def listed_plan_ids(self) -> frozenset[uuid.UUID]:
        """Every plan in it; those of a licence that has run out are no longer provisioned."""


@dataclasses.dataclass(frozen=True, slots=True)
class PimReading:
    """What one look told of PIM.

    Attributes:
        status: available, not available or unknown.
        reason: why we say so, one or two sentences.
        licence: signal A.
        service: signal B.
    """

    status: PimStatus
    reason: str
    licence: LicenceSignal
    service: ServiceSignal


def licence_signal(skus: Iterable[Sku] | None) -> LicenceSignal:
    """Signal A from the tenant's licences; None: they could not be read."""
    if skus is None:
        return LicenceSignal.UNKNOWN
    skus = tuple(skus)
    if any(sku.capability_status in _IN_FORCE and sku.service_plan_ids & _PIM_PLANS for sku in skus):
        return LicenceSignal.YES
    has_run_out = any(sku.capability_status not in _IN_FORCE and sku.listed_plan_ids & _PIM_PLANS for sku in skus)
    return LicenceSignal.EXPIRED if has_run_out else LicenceSignal.NO


def premium_of(skus: Iterable[Sku] | None) -> Premium:
    """Whether role-assignable groups are licensed, and whether a licence is assigned to anybody (AC-7.1, AC-7.2)."""
    if skus is None:
        return Premium.UNKNOWN
    owned = [sku for sku in skus if sku.capability_status in _IN_FORCE and sku.service_plan_ids & _PREMIUM_PLANS]
    if not owned:
        return Premium.NOT_OWNED
    return Premium.ASSIGNED if any(sku.consumed_units > 0 for sku in owned) else Premium.NOT_ASSIGNED


def judge_pim(licence: LicenceSignal, service: ServiceSignal) -> PimReading:
    """The answer that follows from both signals (AC-4.2, AC-4.3)."""
    status, reason = _judge(licence, service)
    return PimReading(status, reason, licence, service)


_RAN_OUT: Final = (
    "The licence with Entra ID P2 or Governance has run out. Microsoft removes eligible assignments then; permanent "
    "active ones stay."
)
_WORKS: Final = {
    LicenceSignal.YES: "The tenant holds Entra ID P2 or Governance, and PIM answers.",
    LicenceSignal.UNKNOWN: "PIM answers. The licences could not be read.",
}
_NO_LICENCE: Final = {
    LicenceSignal.YES: (
        "PIM says that the licence is missing, although Entra ID P2 or Governance is listed. A new licence takes a "
        "while to come into force."
    ),
    LicenceSignal.EXPIRED: _RAN_OUT,
}
_SILENT: Final = {
    ServiceSignal.NOT_ONBOARDED: "PIM was never opened in this tenant, so it does not answer yet.",
    ServiceSignal.REFUSED: "Permission missing: RoleManagement.Read.Directory lets us ask PIM.",
    ServiceSignal.NO_ANSWER: "Microsoft gave no answer.",
}
_LISTED: Final = {
    LicenceSignal.YES: " The tenant holds Entra ID P2 or Governance, so PIM should be on.",
    LicenceSignal.NO: " No licence with Entra ID P2 or Governance is listed, so PIM should be off.",
}


def _judge(licence: LicenceSignal, service: ServiceSignal) -> tuple[PimStatus, str]:
    if service is ServiceSignal.WORKS:
        surprising = "PIM answers, although no licence with Entra ID P2 or Governance is listed."
        return PimStatus.AVAILABLE, _WORKS.get(licence, surprising)
    if service is ServiceSignal.NO_LICENCE:
        plain = "PIM says that the tenant has neither Entra ID P2 nor Governance."
        return PimStatus.NOT_AVAILABLE, _NO_LICENCE.get(licence, plain)
    if licence is LicenceSignal.EXPIRED:
        return PimStatus.NOT_AVAILABLE, _RAN_OUT
    reason = f"{_SILENT[service]}{_LISTED.get(licence, '')}"
    is_surely_off = service is ServiceSignal.NOT_ONBOARDED and licence is LicenceSignal.NO
    return PimStatus.NOT_AVAILABLE if is_surely_off else PimStatus.UNKNOWN, reason


def road_by_pim(reading: PimReading, *, known: PimStatus) -> RolePath:
    """The path that fits a tenant nobody chose one for (AC-4.1): by the answer, else by the licence, else as before."""
    if reading.status is PimStatus.AVAILABLE:
        return RolePath.PIM
    if reading.status is PimStatus.NOT_AVAILABLE:
        return RolePath.DIRECT
    if reading.licence in {LicenceSignal.YES, LicenceSignal.NO}:
        return RolePath.PIM if reading.licence is LicenceSignal.YES else RolePath.DIRECT
    return RolePath.PIM if known is PimStatus.AVAILABLE else RolePath.DIRECT


@dataclasses.dataclass(frozen=True, slots=True)
class PimView:
    """PIM for the screen (AC-4.1).

    Attributes:
        status: what the last look told.
        reason: why.
        checked_at: when it looked; None before the first look.
        known: what was last known for certain, where the last look is not certain.
        known_at: when that was.
    """

    status: PimStatus
    reason: str
    checked_at: dt.datetime | None
    known: PimStatus
    known_at: dt.datetime | None

    @property
    def kind(self) -> str:
        """The component kind."""
        return {"available": "good", "not_available": "mute", "unknown": "wait"}[self.status]

    @property
    def is_available(self) -> bool:
        """Whether PIM can be asked, as far as we know."""
        return self.status == PimStatus.AVAILABLE or (self.status == PimStatus.UNKNOWN and self.known == "available")

    @property
    def has_older_answer(self) -> bool:
        """Whether an older, certain answer is worth telling."""
        return self.status == PimStatus.UNKNOWN and self.known != PimStatus.UNKNOWN
