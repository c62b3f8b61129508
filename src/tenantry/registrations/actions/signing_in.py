"""The administrator's sign-in from a page: what was meant is kept in the session, sealed, and works once.

What is kept is the request (state, code verifier, what to do). The token that comes back lives in memory while the work
is done, and nowhere else.
"""

import base64
import dataclasses
import datetime as dt
import json
import secrets
import uuid
from collections.abc import Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from tenantry.graph import errors, people
from tenantry.graph.apps import App, registration
from tenantry.graph.people import Person
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Conflict, Invalid, NotAllowed
from tenantry.kit.sealed import CannotUnseal, Secret, seal, unseal
from tenantry.registrations.actions.applying import Agreed, create, mend, remember
from tenantry.registrations.actions.looking import SCOPES, Sight, look
from tenantry.registrations.needs import RETURN_PATH
from tenantry.registrations.queries import standing
from tenantry.registrations.words import words_of_sign_in

CHECK: Final = "check"
CREATE: Final = "create"
MEND: Final = "mend"
PURPOSES: Final = (CHECK, CREATE, MEND)
_LIFETIME: Final = dt.timedelta(minutes=30)
_KEY: Final = "registrations.sign_in"
_PLACE: Final = "registrations.sign_in"
# A page may wait this long for a new certificate to be known; the worker goes on after that. Seconds.
_PAGE_WAITS: Final = (1.0, 2.0)


@dataclasses.dataclass(frozen=True, slots=True)
class Road:
    """Which client a sign-in from the page can go through.

    Attributes:
        through: one of our apps; None for Microsoft's public client.
        redirect_uri: where it comes back to.
    """

    through: App | None
    redirect_uri: str


@dataclasses.dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants done after they signed in.

    Attributes:
        purpose: check, create or mend.
        app: only this one; None for both.
        tenant: the tenant that was shown to them; empty while none was.
        take_over: client id of a look-alike that is ours.
        beside: make a new one beside look-alikes.
        shown: for each app, the digest of the changes that were shown.
    """

    purpose: str
    app: App | None = None
    tenant: str = ""
    take_over: str = ""
    beside: bool = False
    shown: Mapping[str, str] = dataclasses.field(default_factory=dict)


def road() -> Road | None:
    """How a sign-in from the page can go; None when only the command line can.

    On this machine's own address Microsoft's public client may come back. Anywhere else our own help-desk app must be
    registered first, with this console's address.
    """
    public = urlsplit(settings.PUBLIC_URL)
    if public.scheme == "http" and public.hostname == "localhost":
        return Road(None, settings.PUBLIC_URL)
    if registration(App.HELPDESK).is_set_up:
        return Road(App.HELPDESK, f"{settings.PUBLIC_URL}{RETURN_PATH}")
    return None


def start(*, session: MutableMapping[str, Any], wish: Wish) -> str:
    """Remember what is wanted and return the address to send the browser to.

    Raises:
        NotAllowed: no sign-in from a page is possible, or the sign-in service does not answer.
        Invalid: the wish makes no sense.
    """
    if wish.purpose not in PURPOSES or (wish.purpose != CHECK and not _is_guid(wish.tenant)):
        raise Invalid("The form does not say what to do, and where.", remedy="Reload the page and try again.")
    way = road()
    if way is None:
        raise NotAllowed(
            "No app is registered yet that could sign you in here.",
            remedy="Run `tenantry apps create` on the console's host.",
            code="no_road",
        )
    try:
        departure = people.depart(
            scopes=SCOPES,
            redirect_uri=way.redirect_uri,
            tenant=wish.tenant or _home(way) or people.ANY_TENANT,
            through=way.through,
        )
    except errors.GraphError as error:
        cause, fix = words_of_sign_in(error)
        raise NotAllowed(f"The sign-in cannot begin: {cause}", remedy=fix, code="sign_in") from error
    kept = {
        "flow": departure.flow,
        "wish": {**dataclasses.asdict(wish), "app": wish.app.value if wish.app else ""},
        "through": way.through.value if way.through else "",
        "until": (clock.now() + _LIFETIME).isoformat(),
    }
    sealed = seal(Secret(json.dumps(kept)), table=_PLACE, row=departure.state, column="flow")
    session[_KEY] = {"state": departure.state, "kept": base64.b64encode(sealed).decode()}
    return departure.url


def end(*, session: MutableMapping[str, Any], answer: Mapping[str, str], actor: Actor) -> tuple[Sight, ...]:
    """Take Microsoft's answer, once, and do what was wanted.

    Raises:
        Conflict: the answer is not one that this browser waits for; nothing was done.
        NotAllowed: the sign-in gave no token, or what was wanted was refused.
    """
    kept = session.pop(_KEY, None)
    state = str(answer.get("state", ""))
    if not kept or not secrets.compare_digest(str(kept["state"]).encode(), state.encode()):
        raise Conflict("This answer fits no sign-in of this browser.", remedy="Start again on this page.")
    try:
        opened = json.loads(unseal(base64.b64decode(kept["kept"]), table=_PLACE, row=state, column="flow").reveal())
    except CannotUnseal as error:
        raise Conflict("This sign-in was begun with other keys.", remedy="Start again on this page.") from error
    if clock.now() >= dt.datetime.fromisoformat(opened["until"]):
        raise Conflict("This sign-in took longer than half an hour.", remedy="Start again on this page.")
    through = App(opened["through"]) if opened["through"] else None
    try:
        person = people.arrive(flow=opened["flow"], answer=answer, through=through)
    except errors.GraphError as error:
        cause, fix = words_of_sign_in(error)
        raise NotAllowed(f"The sign-in did not work: {cause}", remedy=fix, code="sign_in") from error
    wish = Wish(**{**opened["wish"], "app": App(opened["wish"]["app"]) if opened["wish"]["app"] else None})
    return _do(actor, person, wish)


def _home(way: Road) -> str:
    """The tenant our own app is registered in, as far as known: only there it signs in whatever is wrong with it."""
    row = standing(way.through).row if way.through is not None else None
    known = (row.home_tenant_id or row.seen.get("tenant_id")) if row is not None else None
    return str(known or "")


def _do(actor: Actor, person: Person, wish: Wish) -> tuple[Sight, ...]:
    if wish.tenant and str(person.tenant_id) != wish.tenant:
        raise NotAllowed(
            f"{person.user_name} signed in to another tenant ({person.tenant_id}) than was shown ({wish.tenant}).",
            remedy="Check again with the account of your own tenant.",
            code="other_tenant",
        )
    sights = []
    for app in [wish.app] if wish.app else list(App):
        sight = look(person=person, app=app)
        # Before anything is done: should it be refused half-way, the page shows what was there.
        remember(actor=actor, person=person, sight=sight)
        if wish.purpose == CREATE and not standing(app).is_in_settings:
            agreed = Agreed(take_over=wish.take_over, beside=wish.beside, proof_waits=_PAGE_WAITS)
            sight = create(actor=actor, person=person, app=app, agreed=agreed)
            remember(actor=actor, person=person, sight=sight)
        elif wish.purpose == MEND and sight.mendable:
            sight = mend(actor=actor, person=person, app=app, agreed=Agreed(shown=wish.shown.get(app.value) or "none"))
            remember(actor=actor, person=person, sight=sight)
        sights.append(sight)
    return tuple(sights)


def _is_guid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
