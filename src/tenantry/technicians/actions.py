"""Writing technicians and one-time links."""

import datetime as dt
import secrets
from typing import Final

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.dispatch import Signal
from django.urls import reverse

from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.kit import clock
from tenantry.kit.actor import Actor, system
from tenantry.kit.errors import Invalid, NotAllowed
from tenantry.kit.sealed import Secret
from tenantry.technicians import queries
from tenantry.technicians.errors import LinkUnusable
from tenantry.technicians.events import TechnicianEvent
from tenantry.technicians.models import BrowserSession, LinkPurpose, OneTimeLink, Technician
from tenantry.technicians.permissions import Role
from tenantry.technicians.queries import LinkState

DEMO_NAME: Final = "Alice Moreau"
DEMO_EMAIL: Final = "alice@harbour-it.example"

_TOKEN_BYTES: Final = 32
_SETUP_LIFETIME: Final = dt.timedelta(hours=24)
_SIGN_IN_LIFETIME: Final = dt.timedelta(minutes=15)
_DEMO_SIGN_IN_LIFETIME: Final = dt.timedelta(hours=24)  # printed at the demo's start, opened when somebody gets to it
_KEPT: Final = dt.timedelta(days=30)  # long enough to tell "used" or "expired" from "unknown"
_FIRST_OWNER_LOCK: Final = 7_203_411_902  # any number that nothing else in this database uses as an advisory lock
_COMMAND_LINE: Final = "command line"


def about(technician: Technician) -> About:
    """The technician as what an event is about."""
    return About(target_kind="technician", target_id=str(technician.pk), target_name=technician.display_name)


def create_owner_setup_link() -> str:
    """The address of a one-time page that creates the first owner; works for 24 hours. Earlier ones stop working.

    Raises:
        NotAllowed: somebody owns this deployment already.
    """
    _require_no_owner()
    with transaction.atomic():
        unused = OneTimeLink.objects.filter(purpose=LinkPurpose.OWNER_SETUP, used_at=None)
        unused.filter(expires_at__gt=clock.now()).update(expires_at=clock.now())
        token = create_link(LinkPurpose.OWNER_SETUP, technician=None, lifetime=_SETUP_LIFETIME)
        audit.record(
            actor=system(_COMMAND_LINE),
            action=TechnicianEvent.LINK_CREATED,
            about=About(),
            summary="A one-time link to set up the first owner was made.",
        )
    return link_address("technicians:setup", token)


def create_sign_in_link(technician: Technician) -> str:
    """The address of a one-time page that signs `technician` in; works for 15 minutes (24 hours in the demo).

    A link stands in for the password, not for the second step: whoever has set that up is still asked for it.
    """
    lifetime = _DEMO_SIGN_IN_LIFETIME if settings.IS_DEMO else _SIGN_IN_LIFETIME
    with transaction.atomic():
        token = create_link(LinkPurpose.SIGN_IN, technician=technician, lifetime=lifetime)
        audit.record(
            actor=system(_COMMAND_LINE),
            action=TechnicianEvent.LINK_CREATED,
            about=about(technician),
            summary=f"A one-time sign-in link for {technician.display_name} was made.",
        )
    return link_address("technicians:welcome", token)


def use_sign_in_link(*, token: str, network_address: str) -> Technician:
    """Use the link up and return who may be signed in with it.

    Raises:
        LinkUnusable: unknown, expired, or used by a faster request.
    """
    with transaction.atomic():
        technician = use_up(token, LinkPurpose.SIGN_IN).technician
        if technician is None or not technician.is_active:
            raise LinkUnusable(LinkState.UNKNOWN)
        audit.record(
            actor=actor_for(technician, network_address),
            action=TechnicianEvent.LINK_USED,
            about=about(technician),
            summary="A one-time sign-in link was used.",
        )
    return technician


def create_first_owner(
    *, token: str, display_name: str, email: str, password: Secret, network_address: str
) -> Technician:
    """Use a set-up link up and create the first owner.

    Raises:
        NotAllowed: somebody owns this deployment already; the link is left as it was.
        LinkUnusable: unknown, expired, or used by a faster request.
        Invalid: a technician has this e-mail address; the link is left as it was.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                # Two valid links at the same moment must not make two first owners.
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FIRST_OWNER_LOCK])
            _require_no_owner()
            use_up(token, LinkPurpose.OWNER_SETUP)
            owner = Technician.objects.create_user(
                email,
                password.reveal(),
                display_name=display_name,
                role=Role.OWNER,
                created_at=clock.now(),
                joined_at=clock.now(),
            )
            audit.record(
                actor=actor_for(owner, network_address),
                action=TechnicianEvent.OWNER_CREATED,
                about=about(owner),
                summary=f"{display_name} became the first owner of this deployment through a set-up link.",
            )
    except IntegrityError as error:
        raise Invalid("A technician has this e-mail address already.", field="email") from error
    return owner


def ensure_demo_technician() -> Technician:
    """The demo's owner, Alice Moreau."""
    return ensure_demo_colleague(DEMO_EMAIL, display_name=DEMO_NAME, role=Role.OWNER)


def ensure_demo_colleague(email: str, *, display_name: str, role: Role) -> Technician:
    """Somebody of the demo; created without a usable password, so that only a link signs them in."""
    technician, _ = Technician.objects.get_or_create(
        email=email,
        defaults={
            "display_name": display_name,
            "role": role,
            "created_at": clock.now(),
            "joined_at": clock.now(),
            "password": _unusable_password(),
        },
    )
    return technician


def change_profile(*, actor: Actor, technician: Technician, display_name: str, email: str) -> None:
    """Give the technician another name or e-mail address.

    Raises:
        Invalid: another technician has this e-mail address.
    """
    old = Technician.objects.get(pk=technician.pk)
    email = email.strip().lower()
    changed = [
        words
        for words, is_other in (("name", old.display_name != display_name), ("e-mail address", old.email != email))
        if is_other
    ]
    if not changed:
        return
    try:
        with transaction.atomic():
            # The account in the customer's directory stays theirs under the address they had.
            known_as = sorted({*old.known_as, *({old.email} if old.email != email else ())})
            Technician.objects.filter(pk=technician.pk).update(
                display_name=display_name, email=email, known_as=known_as
            )
            audit.record(
                actor=actor,
                action=TechnicianEvent.PROFILE_CHANGED,
                about=about(old),
                summary=f"Changed: {' and '.join(changed)}.",
                details={
                    "before": {"name": old.display_name, "email": old.email},
                    "after": {"name": display_name, "email": email},
                },
            )
    except IntegrityError as error:
        raise Invalid("Another technician has this e-mail address.", field="email") from error
    technician.display_name, technician.email = display_name, email


def end_other_sessions(*, actor: Actor, technician: Technician) -> None:
    """Sign the technician out everywhere; the caller renews the session at hand with the refreshed technician."""
    with transaction.atomic():
        Technician.objects.filter(pk=technician.pk).update(session_epoch=F("session_epoch") + 1)
        audit.record(
            actor=actor,
            action=TechnicianEvent.OTHER_SESSIONS_ENDED,
            about=about(technician),
            summary="Signed out in all other browsers.",
        )
    technician.refresh_from_db(fields=["session_epoch"])


everybodys_access_ended = Signal()
"""Sent with `actor` and `why` inside the transaction that ends every way in: whoever keeps other keys ends them too."""


def end_everybodys_access(*, actor: Actor, why: str) -> int:
    """End every session, every link that signs somebody in and, by signal, every other key of the console.

    Call it inside the transaction of the change.

    Args:
        actor: who wants it.
        why: for the record of what is ended one by one.

    Returns:
        How many people are signed out.
    """
    now = clock.now()
    OneTimeLink.objects.filter(used_at=None, expires_at__gt=now).update(expires_at=now)
    BrowserSession.objects.all().delete()
    everybodys_access_ended.send(sender=Technician, actor=actor, why=why)
    return Technician.objects.filter(is_service=False).update(session_epoch=F("session_epoch") + 1)


def actor_for(technician: Technician, network_address: str = "") -> Actor:
    """A technician as the actor of what they do to their own account."""
    return Actor(kind="technician", id=technician.pk, name=technician.display_name, address=network_address)


def _require_no_owner() -> None:
    if queries.has_owner():
        raise NotAllowed(
            "This deployment has an owner already. The first owner is created once.",
            remedy="Sign in, or ask an owner for a sign-in link (`tenantry link` with your e-mail address).",
            who="an owner",
            code="owner_exists",
        )


def create_link(
    purpose: LinkPurpose, *, technician: Technician | None, lifetime: dt.timedelta, made_by: Technician | None = None
) -> str:
    """Make a link and return its token, of which only the digest is kept; call it inside a transaction."""
    now = clock.now()
    OneTimeLink.objects.filter(expires_at__lt=now - _KEPT).delete()
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    OneTimeLink.objects.create(
        purpose=purpose,
        token_digest=queries.token_digest(token),
        technician=technician,
        made_by=made_by,
        created_at=now,
        expires_at=now + lifetime,
    )
    return token


def use_up(token: str, purpose: LinkPurpose) -> OneTimeLink:
    """Mark the link used, if it still may be; of two requests at the same moment one gets it.

    Raises:
        LinkUnusable: unknown, expired, or used by a faster request.

    The condition names columns of this table only: with a join PostgreSQL would not look again after waiting for the
    other request's row lock.
    """
    now = clock.now()
    live = OneTimeLink.objects.filter(
        token_digest=queries.token_digest(token), purpose=purpose, used_at__isnull=True, expires_at__gt=now
    )
    if live.update(used_at=now) != 1:
        state = queries.find_link(token=token, purpose=purpose).state
        raise LinkUnusable(LinkState.USED if state == LinkState.READY else state)
    return OneTimeLink.objects.select_related("technician").get(token_digest=queries.token_digest(token))


def link_address(url_name: str, token: str) -> str:
    """The whole address of a link's page."""
    return f"{settings.PUBLIC_URL}{reverse(url_name, args=[token])}"


def _unusable_password() -> str:
    blank = Technician()
    blank.set_unusable_password()
    return blank.password
