"""The commands `tenantry apps` and `tenantry credential`: what they say and how they end.

Exit codes: 0 all is as it has to be, 1 something differs or was refused, 2 bad settings, 3 nothing was done because
nobody agreed.
"""

import dataclasses
import webbrowser
from collections.abc import Callable, Sequence
from typing import Final

from tenantry.graph import errors, people
from tenantry.graph.apps import App
from tenantry.graph.people import Person
from tenantry.kit.actor import Actor, system
from tenantry.kit.errors import Refusal
from tenantry.registrations import actions, by_hand
from tenantry.registrations.actions.applying import let_go, remember
from tenantry.registrations.actions.looking import SCOPES, Sight
from tenantry.registrations.loopback import Loopback, NoAnswer
from tenantry.registrations.policies import Difference, digest
from tenantry.registrations.queries import Standing, standing, standings
from tenantry.registrations.words import words_of_sign_in

OK: Final = 0
DIFFERS: Final = 1
NOT_AGREED: Final = 3
_SIGN_IN_SECONDS: Final = 600.0


@dataclasses.dataclass(frozen=True, slots=True)
class Console:
    """The person at the command line.

    Attributes:
        say: prints a line.
        ask: asks a question with yes or no; no is what silence means.
        opens_browser: whether to try to open one here.
    """

    say: Callable[[str], None]
    ask: Callable[[str], bool]
    opens_browser: bool = True


def sign_in(console: Console, *, tenant: str = "") -> Person:
    """Have an administrator of the provider's own tenant sign in, in a browser on this machine.

    Raises:
        GraphError: the sign-in gave no token.
        NoAnswer: nobody came back within ten minutes.
    """
    with Loopback() as loopback:
        departure = people.depart(scopes=SCOPES, redirect_uri=loopback.redirect_uri, tenant=tenant or people.ANY_TENANT)
        loopback.expect(departure.state)
        console.say("Sign in as an administrator of your own tenant (Application Administrator at least).")
        console.say("Microsoft's page names the app “Microsoft Graph Command Line Tools”. Nothing of it is kept here.")
        console.say(f"Open this address in a browser on this machine:\n\n  {departure.url}\n")
        port = loopback.redirect_uri.rpartition(":")[2]
        console.say(f"No browser here? From yours: ssh -L {port}:localhost:{port} THIS-MACHINE, then open it there.")
        if console.opens_browser:
            webbrowser.open(departure.url)
        answer = loopback.wait(seconds=_SIGN_IN_SECONDS)
    person = people.arrive(flow=departure.flow, answer=answer)
    console.say(f"Signed in: {person.user_name}, tenant {person.tenant_id}")
    return person


def create(console: Console, *, chosen: Sequence[App], agreed: actions.Agreed, tenant: str = "") -> int:
    """`tenantry apps create`."""

    def run(person: Person) -> int:
        worst = OK
        for app in chosen:
            ours = standing(app)
            if ours.is_in_settings:
                console.say(f"{ours.title}: named by the settings ({ours.ours.client_id}); left alone.")
                continue
            sight = actions.look(person=person, app=app, waits=True)
            plan = actions.plan_of(sight)
            if sight.found is None or plan:
                console.say(f"{ours.title}: this will be done in tenant {person.tenant_id}:")
                _list(console, plan)
                _look_alikes(console, sight)
                if not console.ask("Do it?"):
                    worst = max(worst, NOT_AGREED)
                    continue
            sight = actions.create(actor=_actor(person), person=person, app=app, agreed=agreed)
            worst = max(worst, _report(console, person, sight))
        return worst

    return _signed_in(console, tenant, run)


def check(console: Console, *, chosen: Sequence[App], tenant: str = "") -> int:
    """`tenantry apps check`."""

    def run(person: Person) -> int:
        return max(_report(console, person, actions.look(person=person, app=app)) for app in chosen)

    return _signed_in(console, tenant, run)


def mend(console: Console, *, chosen: Sequence[App], tenant: str = "") -> int:
    """`tenantry apps mend`."""

    def run(person: Person) -> int:
        worst = OK
        for app in chosen:
            sight = actions.look(person=person, app=app)
            plan = actions.plan_of(sight) if sight.found is not None else ()
            if plan:
                console.say(f"{sight.standing.title}: this will be changed:")
                _list(console, plan)
                if not console.ask("Change it?"):
                    worst = max(worst, NOT_AGREED)
                    continue
                agreed = actions.Agreed(shown=digest(sight.differences))
                sight = actions.mend(actor=_actor(person), person=person, app=app, agreed=agreed)
            worst = max(worst, _report(console, person, sight))
        return worst

    return _signed_in(console, tenant, run)


def forget(console: Console, *, app: App) -> int:
    """`tenantry apps forget`."""

    def run() -> int:
        ours = standing(app)
        question = f"Forget {ours.title.lower()} {ours.row.client_id if ours.row else ''} and its keys for good?"
        if not console.ask(question):
            return NOT_AGREED
        console.say(f"Forgot {let_go(actor=system('command line'), app=app)}. It stays at Microsoft.")
        return OK

    return _in_words(console, run)


def print_sheet(console: Console) -> int:
    """`tenantry apps create --print`: the list to do it by hand."""
    for line in by_hand.sheet():
        console.say(line)
    return OK


def status(console: Console) -> int:
    """`tenantry credential status`."""
    worst = OK
    for ours in standings():
        console.say(f"{ours.title}: {credential_words(ours)}")
        if ours.is_set_up and ours.is_ending:
            console.say(
                "  fix: run `tenantry credential rotate`." if ours.current else "  fix: renew it in the settings."
            )
            worst = DIFFERS
        for word, certificate in (("in use", ours.current), ("waiting", ours.waiting), ("replaced", ours.retiring)):
            if certificate is not None:
                console.say(f"  {word:8} {certificate.thumbprint}  until {certificate.not_after:%Y-%m-%d}")
    return worst


def rotate(console: Console, *, app: App, finishes: bool) -> int:
    """`tenantry credential rotate`, or the end of it."""
    actor = system("command line")

    def run() -> int:
        if finishes:
            old = actions.finish(actor=actor, app=app)
            console.say(f"Removed certificate {old.thumbprint}: a sign-in with it is refused. Its key is gone.")
            return OK
        new = actions.rotate(actor=actor, app=app)
        console.say(f"In use from now on: certificate {new.thumbprint}, until {new.not_after:%Y-%m-%d}.")
        console.say("Proven: Microsoft issued a token for it. The old one stays valid and is removed after 7 days,")
        console.say("or now by: tenantry credential rotate --finish")
        return OK

    return _in_words(console, run)


def credential_words(ours: Standing) -> str:
    """How we sign in as one of our apps, in one line."""
    if not ours.is_set_up:
        return "not set up"
    where = "from the settings" if ours.is_in_settings else "kept by this console"
    if ours.days_left is None:
        return f"{ours.ours.client_id}, client secret {where} (a certificate is safer)"
    if ours.days_left < 0:
        return f"{ours.ours.client_id}, certificate {where}, expired"
    return f"{ours.ours.client_id}, certificate {where}, valid for {ours.days_left} days"


def _signed_in(console: Console, tenant: str, run: Callable[[Person], int]) -> int:
    def work() -> int:
        try:
            person = sign_in(console, tenant=tenant)
        except NoAnswer:
            console.say("Nobody came back from Microsoft's page within ten minutes. Nothing was done; run it again.")
            return NOT_AGREED
        except errors.GraphError as error:
            cause, fix = words_of_sign_in(error)
            console.say(f"The sign-in did not work: {cause}\n  fix: {fix}")
            return DIFFERS
        return run(person)

    return _in_words(console, work)


def _in_words(console: Console, run: Callable[[], int]) -> int:
    try:
        return run()
    except Refusal as refusal:
        console.say(refusal.reason)
        if refusal.remedy:
            console.say(f"  fix: {refusal.remedy}")
        return DIFFERS


def _actor(person: Person) -> Actor:
    return system(f"command line, signed in as {person.user_name}")


def _list(console: Console, lines: Sequence[str]) -> None:
    for line in lines:
        console.say(f"  - {line}")


def _look_alikes(console: Console, sight: Sight) -> None:
    if sight.look_alikes:
        console.say("  of the same name, and not known to be yours:")
        _list(console, [f"“{each.name}”, client id {each.client_id}" for each in sight.look_alikes])


def _report(console: Console, person: Person, sight: Sight) -> int:
    remember(actor=_actor(person), person=person, sight=sight)
    title = sight.standing.title
    if sight.found is None:
        console.say(f"BAD  {title}: not registered in tenant {sight.tenant_id}")
        _look_alikes(console, sight)
        console.say("     fix: tenantry apps create")
        return DIFFERS
    fatal = [item for item in sight.differences if item.is_fatal]
    mark = "BAD " if fatal else "note" if sight.differences else "ok  "
    console.say(f"{mark} {title}: “{sight.found.name}”, client id {sight.found.client_id}")
    for item in sight.differences:
        _difference(console, item)
    return DIFFERS if sight.differences else OK


def _difference(console: Console, item: Difference) -> None:
    console.say(f"     {item.cause}")
    console.say(f"     fix: {'tenantry apps mend: ' if item.can_mend else ''}{item.fix}")
