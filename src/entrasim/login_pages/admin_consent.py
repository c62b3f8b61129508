"""`/{tenant}/adminconsent` and `/{tenant}/v2.0/adminconsent`: an administrator accepts an app for a whole directory.

Microsoft pages: `v2-admin-consent`, `v2-oauth2-client-creds-grant-flow`, `grant-admin-consent`. The queries sent back
have the shape that was captured from the service: `admin_consent=True` on refusals as well, `tenant` only on success.
"""

import dataclasses

from werkzeug import Request, Response

from entrasim import consent, grants
from entrasim.app import Context
from entrasim.errors import AadstsError
from entrasim.login_pages import trouble
from entrasim.login_pages.accounts import as_seen_in, may_consent
from entrasim.login_pages.asking import AppRequest, NotTrusted, app_card, ask, needs_admin_page, stranger
from entrasim.login_pages.sign_in import Asked, Visit, sign_in
from entrasim.login_pages.words import in_words
from entrasim.pages.browser import SignedIn
from entrasim.pages.html import button, el, form
from entrasim.pages.layout import login_page
from entrasim.state import Tenant, User
from entrasim.tables.permissions import PERMISSION_NAMES

GRAPH_DEFAULT = "https://graph.microsoft.com/.default"


@dataclasses.dataclass(frozen=True, slots=True)
class ConsentRequest(AppRequest):
    """A checked request for consent. `scope` is None on the first version of the address."""

    scope: str | None
    delegated: frozenset[str] = frozenset()  # delegated permissions that `scope` names

    def refused(self, why: trouble.Trouble, visit: Visit) -> Response:
        """Back to the app with an error."""
        query = {
            "error": why.error,
            "error_description": why.description(visit.now),
            "error_uri": f"{visit.request.host_url}error?code={why.code}",
            "admin_consent": "True",
        }
        if self.state is not None:
            query["state"] = self.state
        return trouble.back_to(self.redirect_uri, query, fragment=True)

    def accepted(self, tenant: Tenant) -> Response:
        """Back to the app with the tenant."""
        query = {"admin_consent": "True", "tenant": tenant.id}
        if self.state is not None:
            query["state"] = self.state
        if self.scope is not None:
            query["scope"] = self.scope
        return trouble.back_to(self.redirect_uri, query)


def admin_consent(context: Context, request: Request, tenant: str) -> Response:
    """The first version: everything that the app registration requires."""
    return _run(context, request, tenant, version=1)


def admin_consent_v2(context: Context, request: Request, tenant: str) -> Response:
    """The second version: what `scope` names; application permissions through `/.default` only."""
    return _run(context, request, tenant, version=2)


def _run(context: Context, request: Request, tenant: str, *, version: int) -> Response:
    visit = Visit.of(context, request)
    try:
        asked = _checked(visit, tenant, version)
    except NotTrusted as refusal:
        return trouble.trouble_page(refusal.why, visit.now)
    return visit.browser.finish(_steps(visit, asked))


def _checked(visit: Visit, tenant: str, version: int) -> ConsentRequest:
    if tenant == "common" and version > 1:
        raise NotTrusted(trouble.no_common())
    asked = ask(visit, tenant)
    scope = visit.request.args.get("scope") if version > 1 else None
    if version > 1 and not scope:
        raise NotTrusted(trouble.missing("scope"))
    try:
        scopes = grants.read_scopes(scope or "", visit.context.audiences)
    except AadstsError as error:
        raise NotTrusted(trouble.Trouble(error.code, error.message, error.error)) from error
    delegated = scopes.graph | scopes.sign_in
    return ConsentRequest(asked.app, asked.redirect_uri, asked.state, asked.directory, scope, delegated)


def _steps(visit: Visit, asked: ConsentRequest) -> Response:
    if visit.request.method == "POST" and not visit.browser.posted_canary_fits:
        return trouble.expired_page(visit.address)
    if visit.posted("step") == "back":
        return asked.refused(trouble.NEEDS_ADMIN, visit)
    account = sign_in(
        visit,
        Asked(
            towards=asked.app.display_name,
            directory=asked.directory,
            login_hint=visit.request.args.get("login_hint", ""),
            prompt=visit.request.args.get("prompt", ""),
        ),
    )
    if isinstance(account, Response):
        return account
    tenant = asked.directory or account.tenant
    user = as_seen_in(tenant, account.tenant, account.user)
    if user is None:
        return asked.refused(stranger(asked, account.user.user_principal_name, tenant), visit)
    return _decided(visit, asked, account, tenant, user)


def _decided(visit: Visit, asked: ConsentRequest, account: SignedIn, tenant: Tenant, user: User) -> Response:
    by_scope = asked.scope is not None and not _application_permissions_in(asked.scope)
    if not (grants.may_accept_all(tenant, user) if by_scope else may_consent(tenant, user)):
        return needs_admin_page(visit, asked.app, asked.directory)
    if visit.posted("step") != "consent":
        return _consent_page(visit, asked, account, tenant)
    if visit.posted("decision") != "accept":
        return asked.refused(trouble.DECLINED, visit)
    if by_scope:
        principal = consent.install(tenant, asked.app, now=visit.now, by=user)
        grants.accept(tenant, principal, asked.delegated, user=user, everybody=True, now=visit.now)
    else:
        visit.context.handle.tenant(tenant_id=tenant.id).consent(app=asked.app, by=user)
    return asked.accepted(tenant)


def _application_permissions_in(scope: str) -> bool:
    return any(part.endswith("/.default") for part in scope.split())


def _consent_page(visit: Visit, asked: ConsentRequest, account: SignedIn, tenant: Tenant) -> Response:
    items = [el("li", in_words(name), el("code", name) if in_words(name) != name else None) for name in _names(asked)]
    return login_page(
        "Permissions requested",
        el("p", "Review for your organization", class_="sub"),
        app_card(visit, asked.app),
        el("p", "This app would like to:"),
        el("ul", items or el("li", "Sign users in and read their profile"), class_="asks"),
        el(
            "p",
            "If you accept, this app will get access to the specified resources for all users in your organization. "
            "No one else will be prompted to review these permissions.",
            class_="sub",
        ),
        el("p", "Signed in as ", el("strong", account.user.user_principal_name), class_="sub"),
        form(
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


def _names(asked: ConsentRequest) -> list[str]:
    if asked.scope is not None and not _application_permissions_in(asked.scope):
        return sorted(asked.delegated)
    wanted = [PERMISSION_NAMES.get(role_id, role_id) for role_id in asked.app.required_app_roles]
    return sorted(wanted) + sorted(asked.app.required_scopes)
