"""`/{tenant}/oauth2/v2.0/authorize` and `/logout`: signing a person in for an app, with a code and PKCE.

Microsoft pages: `v2-oauth2-auth-code-flow`, `v2-protocols-oidc`. Only `response_type=code` is
simulated; any other is refused.
"""

import dataclasses
import datetime as dt
import json
import urllib.parse
import uuid

from werkzeug import Request, Response

from entrasim import consent, grants
from entrasim.app import Context
from entrasim.codes import SignInFacts
from entrasim.errors import AadstsError
from entrasim.login_pages import trouble
from entrasim.login_pages.accounts import as_seen_in
from entrasim.login_pages.asking import AppRequest, NotTrusted, app_card, ask, needs_admin_page, stranger
from entrasim.login_pages.sign_in import Asked, Visit, sign_in
from entrasim.login_pages.words import in_words
from entrasim.pages.browser import SignedIn
from entrasim.pages.html import button, el, form
from entrasim.pages.layout import Redirect, login_page
from entrasim.state import Tenant, User

RESPONSE_MODES = ("query", "form_post", "fragment")
CHALLENGE_METHODS = ("S256", "plain")


@dataclasses.dataclass(frozen=True, slots=True)
class SignInRequest(AppRequest):
    """A checked request for a sign-in."""

    scope: str
    scopes: grants.Scopes
    nonce: str | None
    prompt: str
    login_hint: str
    response_mode: str
    code_challenge: str | None
    code_challenge_method: str
    scope_trouble: trouble.Trouble | None = None
    max_age: int | None = None
    contexts: tuple[str, ...] = ()  # authentication contexts that the token must tell
    claims_trouble: trouble.Trouble | None = None

    def answer(self, values: dict[str, str]) -> Response:
        """Carry the values to the app in the way it asked for."""
        if self.state is not None:
            values = {**values, "state": self.state}
        if self.response_mode == "form_post":
            return _form_post(self.redirect_uri, values)
        if self.response_mode == "fragment":
            return Redirect(f"{self.redirect_uri}#{urllib.parse.urlencode(values)}")
        return trouble.back_to(self.redirect_uri, values)

    def refused(self, why: trouble.Trouble, visit: Visit, error: str | None = None) -> Response:
        """Back to the app with an error."""
        return self.answer({"error": error or why.error, "error_description": why.description(visit.now)})


def authorize(context: Context, request: Request, tenant: str) -> Response:
    """Sign somebody in and send the app a code."""
    visit = Visit.of(context, request)
    try:
        asked = _checked(visit, tenant)
    except NotTrusted as refusal:
        return trouble.trouble_page(refusal.why, visit.now)
    return visit.browser.finish(_steps(visit, asked))


def logout(context: Context, request: Request, tenant: str) -> Response:  # noqa: ARG001  the address names one
    """Sign everybody out of this browser; go back to the app where the address is one that an app registered."""
    visit = Visit.of(context, request)
    back = request.args.get("post_logout_redirect_uri", "")
    known = any(back in app.redirect_uris for app in context.world.apps.values())
    # Microsoft signs out on this GET as well (`v2-protocols-oidc`, single sign-out): nothing in the directory changes.
    visit.browser.forget_all()
    if back and known:
        values = {"state": request.args["state"]} if "state" in request.args else {}
        response = trouble.back_to(back, values) if values else Redirect(back)
    else:
        response = login_page("You signed out of your account", el("p", "It is a good idea to close this window."))
    return visit.browser.finish(response)


def _checked(visit: Visit, tenant: str) -> SignInRequest:
    asked = ask(visit, tenant)
    query = visit.request.args
    mode = query.get("response_mode", "query")
    scopes, scope_trouble = _scopes(visit, query.get("scope", ""))
    contexts, claims_trouble = _contexts(query.get("claims", ""))
    max_age = query.get("max_age", "")
    return SignInRequest(
        app=asked.app,
        redirect_uri=asked.redirect_uri,
        state=asked.state,
        directory=asked.directory,
        scope=query.get("scope", ""),
        scopes=scopes,
        scope_trouble=scope_trouble,
        nonce=query.get("nonce"),
        prompt=query.get("prompt", ""),
        login_hint=query.get("login_hint", ""),
        response_mode=mode if mode in RESPONSE_MODES else "query",
        code_challenge=query.get("code_challenge"),
        code_challenge_method=query.get("code_challenge_method", "plain"),
        max_age=int(max_age) if max_age.isdecimal() else None,
        contexts=contexts,
        claims_trouble=claims_trouble,
    )


def _contexts(text: str) -> tuple[tuple[str, ...], trouble.Trouble | None]:
    """The authentication contexts of a `claims` request: `{"id_token": {"acrs": {"essential": true, "value": "c1"}}}`.

    Page: "Developer guide to Conditional Access authentication context".
    """
    if not text:
        return (), None
    try:
        acrs = json.loads(text).get("id_token", {}).get("acrs") or {}
        values = acrs.get("values") or [acrs["value"]] if acrs else []
    except (AttributeError, KeyError, ValueError):
        return (), trouble.Trouble(9000411, "The request is not properly formatted. The parameter 'claims' is invalid.")
    return tuple(str(value) for value in values), None


def _scopes(visit: Visit, text: str) -> tuple[grants.Scopes, trouble.Trouble | None]:
    try:
        return grants.read_scopes(text, visit.context.audiences), None
    except AadstsError as error:
        why = trouble.Trouble(error.code, error.message, error.error)
        return grants.Scopes(frozenset(), frozenset(), is_default=False, prefix=""), why


def _complaint(visit: Visit, asked: SignInRequest) -> Response | None:
    """What is wrong with a request whose address may be trusted: told to the app."""
    response_type = visit.request.args.get("response_type", "")
    if response_type != "code":
        why = trouble.Trouble(
            700054,
            f"response_type '{response_type}' is not enabled for the application (entrasim simulates 'code' only).",
            "unsupported_response_type",
        )
        return asked.refused(why, visit)
    if not asked.scope:
        return asked.refused(trouble.missing("scope"), visit)
    unreadable = asked.claims_trouble or asked.scope_trouble
    if unreadable:
        return asked.refused(unreadable, visit)
    if asked.code_challenge and asked.code_challenge_method not in CHALLENGE_METHODS:
        why = trouble.Trouble(501491, f"Invalid Code_Challenge_method '{asked.code_challenge_method}'.")
        return asked.refused(why, visit)
    return None


def _steps(visit: Visit, asked: SignInRequest) -> Response:
    complaint = _complaint(visit, asked)
    if complaint:
        return complaint
    if asked.prompt == "none":
        return _silently(visit, asked)
    if visit.posted("step") == "back" and visit.browser.posted_canary_fits:
        return asked.refused(trouble.NEEDS_ADMIN, visit)
    account = sign_in(
        visit,
        Asked(
            towards=asked.app.display_name,
            directory=asked.directory,
            login_hint=asked.login_hint,
            prompt=asked.prompt,
            reuse=True,
            max_age=asked.max_age,
        ),
    )
    if isinstance(account, Response):
        return account
    return _decided(visit, asked, account)


def _decided(visit: Visit, asked: SignInRequest, account: SignedIn) -> Response:
    tenant = asked.directory or account.tenant
    user = as_seen_in(tenant, account.tenant, account.user)
    if user is None:
        return trouble.trouble_page(stranger(asked, account.user.user_principal_name, tenant), visit.now)
    stop = _switched_off(asked, tenant) or _unsatisfied(asked, tenant, account)
    if stop:
        return trouble.trouble_page(stop, visit.now)
    lacking = grants.missing_scopes(tenant, asked.app, user, asked.scopes)
    wanted = asked.scopes.wanted(asked.app) | asked.scopes.sign_in
    may = grants.may_accept(tenant, user, wanted)
    if visit.posted("step") == "consent" and may:
        if visit.posted("decision") != "accept":
            return asked.refused(trouble.DECLINED, visit)
        everybody = visit.posted("everybody") == "yes" and grants.may_accept_all(tenant, user)
        principal = consent.install(tenant, asked.app, now=visit.now, by=user)
        grants.accept(tenant, principal, wanted, user=user, everybody=everybody, now=visit.now)
    elif lacking is not None and not may:
        return needs_admin_page(visit, asked.app, tenant)
    elif lacking is not None or (asked.prompt == "consent" and may):
        return _consent_page(visit, asked, account, tenant, everybody=grants.may_accept_all(tenant, user))
    return _with_code(visit, asked, tenant, user, account)


def _unsatisfied(asked: SignInRequest, tenant: Tenant, account: SignedIn) -> trouble.Trouble | None:
    """A policy on a context that was asked for wants a second factor that this person has not registered."""
    wants_mfa = any(tenant.authentication_contexts.get(context, False) for context in asked.contexts)
    return trouble.NEEDS_MFA if wants_mfa and "mfa" not in account.methods else None


def _switched_off(asked: SignInRequest, tenant: Tenant) -> trouble.Trouble | None:
    principal = grants.principal_of(tenant, asked.app.app_id)
    if principal is None or principal.account_enabled:
        return None
    return trouble.disabled_app(asked.app.app_id, principal.display_name)


def _silently(visit: Visit, asked: SignInRequest) -> Response:
    fitting = [a for a in visit.browser.signed_in if asked.directory in (None, a.tenant)]
    if asked.max_age is not None:
        oldest = visit.now - dt.timedelta(seconds=asked.max_age)
        fitting = [a for a in fitting if a.at >= oldest]
    if asked.login_hint:
        fitting = [a for a in fitting if a.user.user_principal_name.lower() == asked.login_hint.lower()]
    if not fitting:
        why = trouble.Trouble(50058, "A silent sign-in request was sent but no user is signed in.", "login_required")
        return asked.refused(why, visit)
    tenant = asked.directory or fitting[-1].tenant
    if len(fitting) > 1:
        why = trouble.Trouble(16000, "Either multiple user identities are available, pick one.", "interaction_required")
        return asked.refused(why, visit)
    user = as_seen_in(tenant, fitting[0].tenant, fitting[0].user)
    if user is None or grants.missing_scopes(tenant, asked.app, user, asked.scopes) is not None:
        why = trouble.Trouble(
            65001, "The user or administrator has not consented to use the application.", "interaction_required"
        )
        return asked.refused(why, visit, "consent_required")
    stop = _switched_off(asked, tenant) or _unsatisfied(asked, tenant, fitting[0])
    return asked.refused(stop, visit) if stop else _with_code(visit, asked, tenant, user, fitting[0])


def _consent_page(
    visit: Visit, asked: SignInRequest, account: SignedIn, tenant: Tenant, *, everybody: bool
) -> Response:
    scopes = sorted(asked.scopes.wanted(asked.app) | asked.scopes.sign_in, key=str.casefold)
    return login_page(
        "Permissions requested",
        app_card(visit, asked.app),
        el("p", "This app would like to:"),
        el("ul", [el("li", in_words(scope), el("code", scope)) for scope in scopes], class_="asks"),
        el("p", "Signed in as ", el("strong", account.user.user_principal_name), class_="sub"),
        form(
            el(
                "label",
                el("input", type="checkbox", name="everybody", value="yes"),
                "Consent on behalf of your organization",
                class_="check",
            )
            if everybody
            else None,
            el(
                "p",
                button("Cancel", name="decision", value="cancel"),
                button("Accept", name="decision", value="accept", main=True),
                class_="acts end",
            ),
            token=visit.browser.canary,
            hidden={"step": "consent", "account": account.key},
        ),
        directory=tenant.display_name,
    )


def _with_code(visit: Visit, asked: SignInRequest, tenant: Tenant, user: User, account: SignedIn) -> Response:
    code = visit.context.codes.issue(
        app_id=asked.app.app_id,
        tenant_id=tenant.id,
        user_id=user.id,
        redirect_uri=asked.redirect_uri,
        scope=asked.scope,
        nonce=asked.nonce,
        code_challenge=asked.code_challenge,
        code_challenge_method=asked.code_challenge_method if asked.code_challenge else None,
        sign_in=SignInFacts(account.at, account.methods, asked.contexts, account.tenant.id),
    )
    return asked.answer({"code": code, "session_state": str(uuid.uuid4())})


def _form_post(address: str, values: dict[str, str]) -> Response:
    """Microsoft posts this by script; here a person presses the button."""
    inputs = [el("input", type="hidden", name=name, value=value) for name, value in values.items()]
    return login_page(
        "Back to the app",
        el("form", inputs, el("p", button("Continue", main=True), class_="acts end"), method="post", action=address),
    )
