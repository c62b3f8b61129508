"""Account page, password page, picker and "update your password": one form each, all posted to the same address.

No step is kept in memory: each form carries the account name on, and the password is asked for again where it matters.
"""

import dataclasses
import datetime as dt
import hmac
import urllib.parse

from werkzeug import Request, Response

from entrasim import passwords
from entrasim.access_passes import usability
from entrasim.app import Context
from entrasim.changes import changing
from entrasim.errors import GraphError
from entrasim.login_pages.accounts import find_account
from entrasim.login_pages.trouble import expired_page
from entrasim.pages.browser import Browser, SignedIn
from entrasim.pages.html import Child, alert, button, el, field, form
from entrasim.pages.layout import login_page
from entrasim.state import Tenant, User

_TIME_TO_READ = dt.timedelta(minutes=10)
POLICY = "Passwords need 8 to 256 characters of at least three kinds: lower case, upper case, digits, and symbols."


@dataclasses.dataclass(slots=True)
class Visit:
    """One request of one browser."""

    request: Request
    context: Context
    browser: Browser

    @classmethod
    def of(cls, context: Context, request: Request) -> "Visit":
        """Read the browser's cookies."""
        return cls(request, context, Browser(request, context.world, context.clock.now()))

    @property
    def now(self) -> dt.datetime:
        """The simulator's time."""
        return self.context.clock.now()

    @property
    def address(self) -> str:
        """Path and query of this page: where its forms go."""
        return self.request.full_path.rstrip("?")

    @property
    def other_account_address(self) -> str:
        """This page again, but asking for another account."""
        query = self.request.args.to_dict()
        query.update(prompt="login", login_hint="")
        return f"{self.request.path}?{urllib.parse.urlencode(query)}"

    def posted(self, name: str) -> str:
        """A form value, empty when absent."""
        return self.request.form.get(name, "")


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    """What the page around wants of the sign-in."""

    towards: str  # the app's or page's name, shown under the title
    directory: Tenant | None = None  # None: whoever comes, in their home directory
    login_hint: str = ""
    prompt: str = (
        ""  # login: never reuse a session; select_account: always the picker; anything else: as the page needs
    )
    reuse: bool = False  # True: a single fitting session goes on without the picker
    max_age: int | None = None  # seconds; who gave credentials longer ago is asked again

    def is_fresh(self, account: SignedIn, now: dt.datetime) -> bool:
        """Whether the account signed in recently enough for what was asked."""
        return self.max_age is None or now - account.at <= dt.timedelta(seconds=self.max_age)


def sign_in(visit: Visit, asked: Asked) -> SignedIn | Response:
    """Who is signed in, or the page that has to be shown next."""
    if visit.request.method != "POST":
        return _first_page(visit, asked)
    if not visit.browser.posted_canary_fits:
        return expired_page(visit.address)
    step = visit.posted("step")
    if step == "account":
        return _account_given(visit, asked)
    if step == "password":
        return _password_given(visit, asked)
    if step == "change":
        return _new_password_given(visit, asked)
    # The picker, and every later page of the flow, name an account that is signed in already.
    account = visit.browser.account(visit.posted("account"))
    return account if account is not None and _may_go_on(visit, asked, account) else account_page(visit, asked)


def _may_go_on(visit: Visit, asked: Asked, account: SignedIn) -> bool:
    """Whether a session is as fresh as was asked; who was just asked has a while to read the page about consent."""
    if visit.posted("step") == "consent":
        since = visit.now - account.at - _TIME_TO_READ
        return since <= dt.timedelta(seconds=asked.max_age or 0) or (asked.max_age is None and asked.prompt != "login")
    return asked.prompt != "login" and asked.is_fresh(account, visit.now)


def _first_page(visit: Visit, asked: Asked) -> SignedIn | Response:
    accounts = [account for account in visit.browser.signed_in if asked.is_fresh(account, visit.now)]
    hinted = next((a for a in accounts if a.user.user_principal_name.lower() == asked.login_hint.lower()), None)
    if asked.prompt == "login" or not accounts:
        if asked.login_hint and find_account(visit.context.world, asked.login_hint):
            return password_page(visit, asked, asked.login_hint)
        return account_page(visit, asked, login=asked.login_hint)
    if asked.prompt == "select_account":
        return pick_page(visit, asked)
    if hinted:
        return hinted
    if asked.reuse and not asked.login_hint:
        fitting = [a for a in accounts if asked.directory is None or a.tenant is asked.directory]
        if len(fitting) == 1:
            return fitting[0]
    return pick_page(visit, asked)


def account_page(visit: Visit, asked: Asked, *, login: str = "", error: Child = None) -> Response:
    """Sign in: who are you?"""
    return login_page(
        "Sign in",
        _towards(asked),
        form(
            alert(error) if error else None,
            field(
                "Email or account name",
                name="loginfmt",
                value=login,
                autocomplete="username",
                autofocus=True,
                required=True,
                spellcheck="false",
                autocapitalize="none",
            ),
            el("p", button("Next", main=True), class_="acts end"),
            token=visit.browser.canary,
            hidden={"step": "account"},
        ),
        directory=_directory(asked),
    )


def pick_page(visit: Visit, asked: Asked) -> Response:
    """Pick an account: some are signed in already."""
    tiles = [
        el(
            "button",
            account.user.display_name,
            el("span", f"{account.user.user_principal_name} - signed in"),
            type="submit",
            name="account",
            value=account.key,
            class_="button tile",
        )
        for account in visit.browser.signed_in
    ]
    return login_page(
        "Pick an account",
        _towards(asked),
        form(tiles, token=visit.browser.canary, hidden={"step": "pick"}),
        el("p", el("a", "Use another account", href=visit.other_account_address)),
        directory=_directory(asked),
    )


def password_page(visit: Visit, asked: Asked, login: str, *, error: Child = None) -> Response:
    """Enter password, with the account name shown and kept."""
    found = find_account(visit.context.world, login)
    domain = found[0].domains.get(login.rpartition("@")[2].lower()) if found else None
    federated = domain is not None and domain.authentication_type == "Federated"
    return login_page(
        "Enter password",
        el("p", "Signing in as ", el("strong", login)),
        el("p", f"{domain.name} signs in at its own server; entrasim stands in for it too.", class_="hint")
        if federated and domain
        else None,
        form(
            alert(error) if error else None,
            field(
                "Password",
                name="passwd",
                type="password",
                autocomplete="current-password",
                autofocus=True,
                required=True,
            ),
            el(
                "p",
                el("a", "Use another account", href=visit.other_account_address),
                button("Sign in", main=True),
                class_="acts between",
            ),
            token=visit.browser.canary,
            hidden={"step": "password", "loginfmt": login},
        ),
        directory=_directory(asked),
    )


def change_page(visit: Visit, asked: Asked, login: str, *, error: Child = None) -> Response:
    """Update your password: an administrator reset it, or this is the first sign-in."""
    return login_page(
        "Update your password",
        el("p", "Signing in as ", el("strong", login)),
        el(
            "p",
            "You need to update your password because this is the first time you are signing in, or because your "
            "password has expired or was reset.",
            class_="sub",
        ),
        form(
            alert(error) if error else None,
            field("Current password", name="passwd", type="password", autocomplete="current-password", required=True),
            field("New password", name="newpasswd", type="password", autocomplete="new-password", required=True),
            field(
                "Confirm password", name="confirmnewpasswd", type="password", autocomplete="new-password", required=True
            ),
            el("p", button("Sign in", main=True), class_="acts end"),
            token=visit.browser.canary,
            hidden={"step": "change", "loginfmt": login},
        ),
        directory=_directory(asked),
    )


def _account_given(visit: Visit, asked: Asked) -> Response:
    login = visit.posted("loginfmt").strip()
    if find_account(visit.context.world, login) is None:
        error = (
            f"AADSTS50034: The user account {login} does not exist. To sign into this application, the account must "
            "be added to the directory."
        )
        return account_page(visit, asked, login=login, error=error)
    return password_page(visit, asked, login)


def _password_given(visit: Visit, asked: Asked) -> SignedIn | Response:
    login = visit.posted("loginfmt")
    found = _checked(visit, login, visit.posted("passwd"))
    if isinstance(found, str):
        return password_page(visit, asked, login, error=found)
    tenant, user = found
    if user.access_pass is not None and user.access_pass.code == visit.posted("passwd"):
        user.access_pass.is_used = True
        return _signed_in(visit, tenant, user)
    if user.force_change_password_next_sign_in or user.force_change_password_next_sign_in_with_mfa:
        return change_page(visit, asked, login)
    return _signed_in(visit, tenant, user)


def _new_password_given(visit: Visit, asked: Asked) -> SignedIn | Response:
    login = visit.posted("loginfmt")
    found = _checked(visit, login, visit.posted("passwd"))
    if isinstance(found, str):
        return change_page(visit, asked, login, error=found)
    tenant, user = found
    new = visit.posted("newpasswd")
    complaint = _complaint(user, new, visit.posted("confirmnewpasswd"))
    if complaint:
        return change_page(visit, asked, login, error=complaint)
    with changing(tenant, user, now=visit.now):
        user.password = new
        user.last_password_change_date_time = visit.now
        user.force_change_password_next_sign_in = False
        user.force_change_password_next_sign_in_with_mfa = False
    return _signed_in(visit, tenant, user)


def _checked(visit: Visit, login: str, password: str) -> tuple[Tenant, User] | str:
    """The account when the password is right and it may sign in, else what to say."""
    found = find_account(visit.context.world, login)
    if found is None or (found[1].password is None and found[1].access_pass is None):
        return "AADSTS50126: Your account or password is incorrect. Error validating credentials."
    tenant, user = found
    with tenant.lock:
        right = user.password is not None and hmac.compare_digest(user.password.encode(), password.encode())
        right = right or _is_access_pass(tenant, user, password, visit.now)
        enabled = user.account_enabled
    if not right:
        return "AADSTS50126: Error validating credentials due to invalid username or password."
    if not enabled:
        return "AADSTS50057: The user account is disabled. Your account has been blocked by your administrator."
    return tenant, user


def _is_access_pass(tenant: Tenant, user: User, typed: str, now: dt.datetime) -> bool:
    """Whether it is the user's Temporary Access Pass, and good now. Microsoft asks for it on a page of its own."""
    found = user.access_pass
    if found is None or not hmac.compare_digest(found.code.encode(), typed.encode()):
        return False
    return usability(found, tenant.access_pass_policy, user, now) == "EnabledByPolicy"


def _complaint(user: User, new: str, again: str) -> str | None:
    """What is wrong with a new password, by the tenant-wide password policy (`concept-sspr-policy`)."""
    if new != again:
        return "The passwords do not match."
    if new == user.password:
        return "You cannot use a password that you have used before. Choose a different one."
    try:
        passwords.check(new, user_principal_name=user.user_principal_name)
    except GraphError as error:
        return f"{error.message} {POLICY}"
    return None


def _signed_in(visit: Visit, tenant: Tenant, user: User) -> SignedIn:
    with tenant.lock:
        user.last_sign_in_date_time = visit.now
    return visit.browser.add(tenant, user)


def _towards(asked: Asked) -> Child:
    return el("p", f"to continue to {asked.towards}", class_="sub")


def _directory(asked: Asked) -> str | None:
    return asked.directory.display_name if asked.directory else None
