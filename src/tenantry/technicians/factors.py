"""Second factors of technicians: who has one, who must have one, and the ways in that may not be taken away.

The library keeps factors in its own table; this is the one place that knows how to ask it.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Q

from tenantry.kit.errors import NotAllowed
from tenantry.technicians.models import Technician
from tenantry.technicians.permissions import Role

REAL = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""What proves presence. Recovery codes are a way in when these are lost, and no more."""


def has_second_factor(technician: Technician) -> bool:
    """Whether an authenticator app, passkey or security key is set up."""
    return bool(Authenticator.objects.filter(user_id=technician.pk, type__in=REAL).exists())


def must_enrol(technician: Technician) -> bool:
    """Whether they may do nothing before they have set up a second factor: everybody, outside the demo."""
    return not settings.IS_DEMO and not has_second_factor(technician)


def has_local_way_in(technician: Technician, *, without: int | None = None) -> bool:
    """Whether they can sign in here without Microsoft: by password, or by a passkey alone.

    Args:
        technician: who.
        without: the id of a key to leave out, because it is about to go.
    """
    if technician.has_usable_password():
        return True
    keys = Authenticator.objects.filter(user_id=technician.pk, type=Authenticator.Type.WEBAUTHN).exclude(pk=without)
    return any(key.wrap().is_passwordless for key in keys)


def owners_with_local_way_in(*, but: Technician | None = None) -> int:
    """How many active owners can sign in here without Microsoft."""
    owners = Technician.objects.filter(role=Role.OWNER, is_active=True)
    if but is not None:
        owners = owners.exclude(pk=but.pk)
    return sum(has_local_way_in(owner) for owner in owners)


def guard_removal(sender: Any, *, instance: Authenticator, origin: object = None, **_: Any) -> None:  # noqa: ANN401  a signal
    """Refuse to take away what has to stay. Receives the signal before an authenticator is deleted.

    Raises:
        NotAllowed: it is the last second factor where one is required, or the last owner's last local way in.
    """
    del sender
    if settings.IS_DEMO or instance.type not in REAL or isinstance(origin, Technician):
        return
    # Locked in the order in which changes of colleagues lock them, so that two cannot each count on the other.
    wanted = Q(role=Role.OWNER) | Q(pk=instance.user_id)
    locked = Technician.objects.select_for_update(no_key=True).filter(wanted, is_active=True).order_by("pk")
    technician = next((person for person in locked if person.pk == instance.user_id), None)
    if technician is None:
        return
    others = Authenticator.objects.filter(user_id=technician.pk, type__in=REAL).exclude(pk=instance.pk)
    if not others.exists():
        raise NotAllowed(
            "This is your only second factor, and everybody here needs one.",
            remedy="Set up another passkey or authenticator app first, then remove this one.",
            code="last_second_factor",
        )
    if (
        technician.is_owner
        and has_local_way_in(technician)
        and not has_local_way_in(technician, without=instance.pk)
        and not owners_with_local_way_in(but=technician)
    ):
        raise NotAllowed(
            "With this key the last owner would lose the last way in that does not depend on Microsoft.",
            remedy="Set a password or add another passkey first, then remove this one.",
            code="last_local_way_in",
        )
