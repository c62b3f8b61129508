"""Calls in the name of a user: sign-in with MSAL, consent, what is in the token, and what Graph lets through."""

import uuid
from typing import Any

import pytest
from tests.entrasim.client import Client
from tests.entrasim.conftest import ClientFor, StandingClock
from tests.entrasim.delegated_client import BACK, Person

from entrasim.first_party import GRAPH_COMMAND_LINE_TOOLS
from entrasim.grants import graph_principal_id
from entrasim.handle import Handle, TenantHandle
from entrasim.keys import parts_of
from entrasim.server import Simulator
from entrasim.state import AppRegistration, User

GRAPH = "https://graph.microsoft.com"
ROLES = f"{GRAPH}/RoleManagement.ReadWrite.Directory"
PRIVILEGED_AUTHENTICATION_ADMINISTRATOR = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"


def claims(token: str) -> dict[str, Any]:
    return parts_of(token)[1]


@pytest.fixture
def console(sim: Handle) -> AppRegistration:
    """A confidential app of another tenant."""
    return sim.register_app(display_name="Console", secret="a-secret", redirect_uris=[BACK])


@pytest.fixture
def admin(simulator: Simulator, tenant: TenantHandle, console: AppRegistration) -> Person:
    return Person(simulator, tenant, console, tenant.admin)


def person(simulator: Simulator, tenant: TenantHandle, app: AppRegistration, *roles: str, **more: Any) -> Person:  # noqa: ANN401  fields of a user
    user = tenant.add_user(name=f"Person {uuid.uuid4().hex[:6]}", roles=roles, **more)
    return Person(simulator, tenant, app, user)


def assign(client: Client, principal_id: str) -> Any:  # noqa: ANN401  an answer
    return client.post(
        "/roleManagement/directory/roleAssignments",
        {
            "principalId": principal_id,
            "roleDefinitionId": PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
            "directoryScopeId": "/",
        },
    )


def test_an_administrator_signs_in_accepts_and_the_token_says_who_and_what(admin: Person) -> None:
    page = admin.open(ROLES, "User.Read")
    assert page.heading == "Permissions requested"
    assert "Consent on behalf of your organization" in page.text
    assert admin.accept().sent.keys() >= {"code", "state"}
    answer = admin.redeem()
    found = claims(answer["access_token"])
    assert set(found["scp"].split()) == {"RoleManagement.ReadWrite.Directory", "User.Read", "openid", "profile"}
    assert found["wids"] == ["62e90394-69f5-4237-9190-012177145e10", MEMBER]
    assert (found["oid"], found["tid"], found["appid"]) == (admin.user.id, admin.tenant.id, admin.app.app_id)
    assert (found["idtyp"], found["appidacr"], found["amr"]) == ("user", "1", ["pwd", "mfa"])
    assert "roles" not in found
    assert answer["id_token_claims"]["oid"] == admin.user.id
    assert f"{GRAPH}/User.Read" in answer["scope"].split()


def test_a_refresh_token_comes_only_with_offline_access(simulator: Simulator, admin: Person) -> None:
    admin.open("User.Read")
    admin.accept()
    assert "refresh_token" in admin.redeem()
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "scope": "User.Read openid"}
    code = simulator.context.codes.issue(
        app_id=admin.app.app_id,
        tenant_id=admin.tenant.id,
        user_id=admin.user.id,
        redirect_uri=BACK,
        scope="User.Read openid",
    )
    answer = Client(simulator, admin.tenant, admin.app).ask_token(**form, code=code)
    assert "access_token" in answer.json
    assert "refresh_token" not in answer.json


def test_a_refresh_token_is_good_until_the_password_the_session_or_the_consent_is_gone(
    simulator: Simulator, admin: Person, clock: StandingClock
) -> None:
    admin.open("User.Read")
    admin.accept()
    token = admin.redeem()["refresh_token"]
    client = Client(simulator, admin.tenant, admin.app)

    def refresh() -> Any:  # noqa: ANN401  JSON
        return client.ask_token(grant_type="refresh_token", refresh_token=token, scope="User.Read").json

    clock.travel(hours=2)
    assert claims(refresh()["access_token"])["scp"] == "User.Read openid profile"
    admin.tenant.revoke_delegated(admin.app)
    assert (refresh()["error"], refresh()["error_codes"]) == ("invalid_grant", [65001])
    admin.tenant.consent_delegated(admin.app, ["User.Read"])
    assert "access_token" in refresh()
    admin.tenant.disable_app(admin.app)
    assert refresh()["error_codes"] == [7000112]
    admin.tenant.disable_app(admin.app, disabled=False)
    admin.tenant.set_password(admin.user, "Another-Word-5")
    assert refresh()["error_codes"] == [50173]


def test_msal_signs_in_a_public_client_at_any_port_of_localhost(
    simulator: Simulator, tenant: TenantHandle, sim: Handle
) -> None:
    app = sim.register_app(display_name="Desktop", public_redirect_uris=["http://localhost"])
    someone = Person(simulator, tenant, app, tenant.admin, back="http://localhost:51234")
    someone.open("User.Read")
    someone.accept()
    answer = someone.redeem()
    assert claims(answer["access_token"])["appidacr"] == "0"
    silent = someone.msal.acquire_token_silent(["User.Read"], someone.msal.get_accounts()[0], force_refresh=True)
    assert claims(silent["access_token"])["oid"] == tenant.admin.id
    elsewhere = Person(simulator, tenant, app, tenant.admin, back="http://localhost.evil.example:80")
    assert "AADSTS50011" in elsewhere.open("User.Read").text
    deeper = Person(simulator, tenant, app, tenant.admin, back="http://localhost:51234/other")
    assert "AADSTS50011" in deeper.open("User.Read").text


def test_a_public_client_must_not_send_a_secret_and_a_web_app_must_send_one(
    simulator: Simulator, tenant: TenantHandle, sim: Handle
) -> None:
    app = sim.register_app(secret="s", redirect_uris=[BACK], public_redirect_uris=["http://localhost"])
    tenant.consent_delegated(app, ["User.Read"])
    client = Client(simulator, tenant, app)

    def code(back: str) -> dict[str, str]:
        made = simulator.context.codes.issue(
            app_id=app.app_id, tenant_id=tenant.id, user_id=tenant.admin.id, redirect_uri=back, scope="User.Read"
        )
        return {"grant_type": "authorization_code", "code": made, "redirect_uri": back, "scope": "User.Read"}

    assert client.ask_token(**code("http://localhost:7")).json["error_codes"] == [700025]
    assert client.ask_token(**code("http://localhost:7"), client_secret="").status == 200
    assert client.ask_token(**code(BACK), client_secret="").json["error_codes"] == [7000218]
    assert client.ask_token(**code(BACK)).status == 200


def test_a_member_may_accept_what_needs_no_administrator_for_oneself(
    simulator: Simulator, tenant: TenantHandle, console: AppRegistration
) -> None:
    someone, other = person(simulator, tenant, console), person(simulator, tenant, console)
    page = someone.open("User.Read")
    assert "on behalf of your organization" not in page.text
    someone.accept(everybody=True)
    [grant] = tenant.state.oauth2_permission_grants.values()
    assert (grant.consent_type, grant.principal_id) == ("Principal", someone.user.id)
    assert other.open("User.Read").heading == "Permissions requested"


def test_scopes_for_administrators_are_refused_to_others_until_an_administrator_accepts_for_all(
    simulator: Simulator, tenant: TenantHandle, console: AppRegistration
) -> None:
    someone = person(simulator, tenant, console)
    page = someone.open(ROLES)
    assert page.heading == "Need admin approval"
    assert "AADSTS90094" in page.text
    back = someone.surfer.press("Return to the application")
    assert (back.sent["error"], back.sent["error_description"][:11]) == ("access_denied", "AADSTS90094")
    forged = someone.surfer.post(
        page.address,
        {**page.forms[0].fields, "step": "consent", "decision": "accept",
         "account": f"{tenant.id}/{someone.user.id}"},
    )  # fmt: skip
    assert forged.heading == "Need admin approval"
    Person(simulator, tenant, console, tenant.admin).open(ROLES)
    admin = Person(simulator, tenant, console, tenant.admin)
    admin.open(ROLES)
    admin.accept(everybody=True)
    assert "code" in someone.open(ROLES).sent


def test_an_application_administrator_may_accept_delegated_permissions(
    simulator: Simulator, tenant: TenantHandle, console: AppRegistration
) -> None:
    someone = person(simulator, tenant, console, "Cloud Application Administrator")
    someone.open(f"{GRAPH}/Directory.Read.All")
    assert "code" in someone.accept(everybody=True).sent
    assert "Directory.Read.All" in tenant.delegated_scopes(console)


def test_prompts_and_refusals_are_told_in_microsofts_words(admin: Person) -> None:
    assert admin.open(ROLES, prompt="none").sent["error"] == "login_required"
    admin.open(ROLES)
    declined = admin.surfer.press("Cancel")
    assert (declined.sent["error"], declined.sent["error_description"][:11]) == ("access_denied", "AADSTS65004")
    silent = admin.open(ROLES, prompt="none")
    assert silent.sent["error_description"].startswith("AADSTS65001")
    assert admin.open(ROLES, prompt="select_account").heading == "Pick an account"
    admin.open(ROLES)
    admin.accept()
    assert "code" in admin.open(ROLES, prompt="none").sent
    assert admin.open(ROLES, prompt="consent").heading == "Permissions requested"
    more = admin.open(ROLES, f"{GRAPH}/Directory.Read.All")
    assert more.heading == "Permissions requested"


def test_a_scope_that_graph_does_not_have_is_told_to_the_app(admin: Person) -> None:
    assert admin.open("Sorcery.ReadWrite.All").sent["error_description"].startswith("AADSTS650053")
    other = admin.open("https://vault.example/.default")
    assert other.sent["error"] == "invalid_scope"


def test_the_default_scope_asks_for_what_the_registration_requires(
    simulator: Simulator, tenant: TenantHandle, sim: Handle
) -> None:
    app = sim.register_app(secret="s", redirect_uris=[BACK], required_scopes=["Directory.Read.All"])
    admin = Person(simulator, tenant, app, tenant.admin)
    assert "Directory.Read.All" in admin.open(f"{GRAPH}/.default").text
    admin.accept()
    assert "Directory.Read.All" in claims(admin.redeem()["access_token"])["scp"].split()


def test_a_disabled_enterprise_app_signs_nobody_in(admin: Person) -> None:
    admin.tenant.consent_delegated(admin.app, ["User.Read"])
    admin.tenant.disable_app(admin.app)
    assert "AADSTS7000112" in admin.open("User.Read").text


def test_an_app_of_one_directory_is_unknown_elsewhere(simulator: Simulator, tenant: TenantHandle, sim: Handle) -> None:
    home = sim.new_tenant(name="Home")
    app = sim.register_app(secret="s", redirect_uris=[BACK], home_tenant_id=home.id, sign_in_audience="AzureADMyOrg")
    someone = Person(simulator, tenant, app, tenant.admin)
    assert "AADSTS700016" in someone.open("User.Read").text
    address = someone.page.address.replace(tenant.id, "organizations")
    assert "AADSTS50194" in someone.surfer.get(address).text
    assert Client(simulator, tenant, app).ask_token().json["error_codes"] == [700016]
    assert Client(simulator, home, app).ask_token().status == 200


def test_the_signed_in_user_and_the_organization_are_read(admin: Person, client: Client) -> None:
    signed_in = admin.signed_in("User.Read")
    assert signed_in.get("/me?$select=id,userPrincipalName").json["id"] == admin.user.id
    assert signed_in.get("/organization").value[0]["id"] == admin.tenant.id
    assert signed_in.get("/users").status == 403
    assert client.get("/me").status == 400


def test_a_role_is_assigned_only_with_the_scope_and_the_users_own_role(
    simulator: Simulator, tenant: TenantHandle, console: AppRegistration, admin: Person
) -> None:
    target = tenant.add_user()
    assert assign(admin.signed_in("User.Read"), target.id).status == 403
    assert assign(admin.signed_in(ROLES), target.id).status == 201
    entry = tenant.state.directory_audits[-1]["initiatedBy"]
    assert isinstance(entry, dict)
    assert entry["user"]["id"] == tenant.admin.id
    tenant.consent_delegated(console, ["RoleManagement.ReadWrite.Directory"])
    other = tenant.add_user()
    for role, status in (("Application Administrator", 403), ("Privileged Role Administrator", 201)):
        caller = person(simulator, tenant, console, role)
        answer = assign(caller.signed_in(ROLES), other.id)
        assert answer.status == status, role
    tenant.remove_role(caller.user.id, "Privileged Role Administrator")


def test_scopes_that_were_taken_back_do_not_write_any_more(admin: Person) -> None:
    signed_in = admin.signed_in(ROLES)
    admin.tenant.revoke_delegated(admin.app)
    assert assign(signed_in, admin.tenant.add_user().id).status == 403
    assert admin.open(ROLES).heading == "Permissions requested"


def test_the_users_reach_is_that_of_the_official_tables(
    simulator: Simulator, tenant: TenantHandle, console: AppRegistration
) -> None:
    scopes = [f"{GRAPH}/User.ReadWrite.All", f"{GRAPH}/User-PasswordProfile.ReadWrite.All"]
    tenant.consent_delegated(console, [scope.rpartition("/")[2] for scope in scopes])
    plain, boss = tenant.add_user(), tenant.add_user(roles=["Global Administrator"])
    helpdesk = person(simulator, tenant, console, "Helpdesk Administrator").signed_in(*scopes)
    assert helpdesk.reset(plain.id).status == 204
    assert helpdesk.reset(boss.id).status == 403
    assert helpdesk.patch(f"/users/{plain.id}", {"accountEnabled": False}).status == 403
    nobody = person(simulator, tenant, console).signed_in(*scopes)
    assert nobody.patch(f"/users/{plain.id}", {"jobTitle": "Baker"}).status == 403


def test_a_guest_reads_the_own_account_and_no_list(
    simulator: Simulator, tenant: TenantHandle, console: AppRegistration, sim: Handle
) -> None:
    home = sim.new_tenant(name="Fjordlight")
    tenant.add_user(name="Iris Guest", guest=True, mail=home.admin.user_principal_name)
    tenant.consent_delegated(console, ["User.Read", "User.Read.All"])
    guest = Person(simulator, tenant, console, home.admin).signed_in(f"{GRAPH}/User.Read.All")
    assert guest.get("/me").json["displayName"] == "Iris Guest"
    assert guest.get("/users").status == 403


def test_grants_are_read_made_changed_and_deleted(
    client_for: ClientFor, tenant: TenantHandle, console: AppRegistration
) -> None:
    client = client_for("DelegatedPermissionGrant.ReadWrite.All")
    principal = tenant.consent_delegated(console, ["User.Read"], user=tenant.admin)
    resource = graph_principal_id(tenant.id)
    [row] = client.get(f"/oauth2PermissionGrants?$filter=clientId eq '{principal.id}'").value
    assert row == {
        "clientId": principal.id,
        "consentType": "Principal",
        "id": row["id"],
        "principalId": tenant.admin.id,
        "resourceId": resource,
        "scope": "User.Read",
    }
    body = {
        "clientId": principal.id,
        "consentType": "AllPrincipals",
        "resourceId": resource,
        "scope": "Domain.Read.All",
    }
    made = client.post("/oauth2PermissionGrants", {**body, "principalId": None})
    assert (made.status, made.json["principalId"]) == (201, None)
    again = client.post("/oauth2PermissionGrants", body)
    assert (again.status, again.message) == (409, "Permission entry already exists.")
    assert client.post("/oauth2PermissionGrants", {**body, "principalId": tenant.admin.id}).status == 400
    assert client.post("/oauth2PermissionGrants", {**body, "clientId": str(uuid.uuid4())}).status == 404
    mine = client.get(f"/servicePrincipals/{principal.id}/oauth2PermissionGrants").value
    assert len(mine) == 2
    assert len(client.get(f"/oauth2PermissionGrants?$filter=principalId eq '{tenant.admin.id}'").value) == 1
    one = f"/oauth2PermissionGrants/{made.json['id']}"
    assert client.patch(one, {"scope": "Domain.Read.All User.Read.All"}).status == 204
    assert tenant.delegated_scopes(console) == {"Domain.Read.All", "User.Read.All", "User.Read"}
    assert client.patch(one, {"consentType": "Principal"}).status == 400
    assert client.delete(one).status == 204
    assert client.get(one).status == 404
    assert tenant.delegated_scopes(console) == {"User.Read"}


def test_graphs_own_service_principal_publishes_scopes_and_app_roles(admin: Person) -> None:
    signed_in = admin.signed_in(f"{GRAPH}/Application.Read.All")
    found = signed_in.get("/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')").json
    assert found["id"] == graph_principal_id(admin.tenant.id)
    scopes = {scope["value"]: scope for scope in found["oauth2PermissionScopes"]}
    assert scopes["User.Read"]["id"] == "e1fe6dd8-ba31-4d61-89e7-88639da4683d"
    assert (scopes["User.Read"]["type"], scopes["Directory.Read.All"]["type"]) == ("User", "Admin")
    assert "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8" in {role["id"] for role in found["appRoles"]}


@pytest.mark.parametrize("by", ["appRoleAssignments", "appRoleAssignedTo"])
def test_an_administrator_installs_an_app_and_grants_its_permissions_in_graph(
    sim: Handle, admin: Person, by: str
) -> None:
    signed_in = admin.signed_in(f"{GRAPH}/Application.ReadWrite.All", f"{GRAPH}/AppRoleAssignment.ReadWrite.All")
    app = sim.register_app(secret="s", required_app_roles=["User.Read.All"])
    made = signed_in.post("/servicePrincipals", {"appId": app.app_id})
    assert made.status == 201
    assert signed_in.post("/servicePrincipals", {"appId": app.app_id}).status == 409
    assert signed_in.post("/servicePrincipals", {"appId": str(uuid.uuid4())}).status == 400
    resource = graph_principal_id(admin.tenant.id)
    path = f"/servicePrincipals/{made.json['id'] if by == 'appRoleAssignments' else resource}/{by}"
    body = {"principalId": made.json["id"], "resourceId": resource, "appRoleId": app.required_app_roles[0]}
    granted = signed_in.post(path, body)
    assert (granted.status, granted.json["resourceDisplayName"]) == (201, "Microsoft Graph")
    duplicate = signed_in.post(path, body)
    assert (duplicate.status, duplicate.message) == (400, "Permission being assigned already exists on the object")
    assert signed_in.post(path, {**body, "appRoleId": str(uuid.uuid4())}).status == 400
    assert granted.json["id"] in {row["id"] for row in signed_in.get(path).value}
    assert Client(admin.simulator, admin.tenant, app).get("/users").status == 200
    assert signed_in.delete(f"{path}/{granted.json['id']}").status == 204
    assert Client(admin.simulator, admin.tenant, app).get("/users").status == 403


def test_an_application_administrator_installs_apps_but_grants_no_permission_of_graph(
    simulator: Simulator, tenant: TenantHandle, console: AppRegistration, sim: Handle
) -> None:
    names = ["Application.ReadWrite.All", "AppRoleAssignment.ReadWrite.All"]
    tenant.consent_delegated(console, names)
    caller = person(simulator, tenant, console, "Application Administrator")
    signed_in = caller.signed_in(*(f"{GRAPH}/{name}" for name in names))
    app = sim.register_app()
    made = signed_in.post("/servicePrincipals", {"appId": app.app_id})
    assert made.status == 201
    body = {
        "principalId": made.json["id"],
        "resourceId": graph_principal_id(tenant.id),
        "appRoleId": "df021288-bdef-4463-88db-98f22de89214",
    }
    assert signed_in.post(f"/servicePrincipals/{made.json['id']}/appRoleAssignments", body).status == 403


def test_deleting_an_enterprise_app_takes_everything_along(
    client_for: ClientFor, tenant: TenantHandle, sim: Handle, simulator: Simulator
) -> None:
    client = client_for("Application.ReadWrite.All")
    app = sim.register_app(secret="s", required_app_roles=["User.Read.All"], required_scopes=["User.Read"])
    principal = tenant.consent(app)
    tenant.assign_role(principal.id, "User Administrator")
    group = tenant.add_group("Desk", assignable=True, members=[principal.id])
    assert client.patch(f"/servicePrincipals/{principal.id}", {"accountEnabled": False, "notes": "why"}).status == 204
    assert client.get(f"/servicePrincipals/{principal.id}").json["notes"] == "why"
    assert Client(simulator, tenant, app).ask_token().json["error_codes"] == [7000112]
    assert client.patch(f"/servicePrincipals/{principal.id}", {"appId": "x"}).status == 400
    assert client.delete(f"/servicePrincipals(appId='{app.app_id}')").status == 204
    assert principal.id not in {held.principal_id for held in tenant.state.role_assignments.values()}
    assert principal.id not in group.members
    assert not tenant.state.oauth2_permission_grants
    assert Client(simulator, tenant, app).ask_token().json["error_codes"] == [7000229]


def test_the_well_known_public_client_is_there_in_every_world(simulator: Simulator, tenant: TenantHandle) -> None:
    tools = simulator.world.apps[GRAPH_COMMAND_LINE_TOOLS]
    admin = Person(simulator, tenant, tools, tenant.admin, back="http://localhost:8400")
    signed_in = admin.signed_in(f"{GRAPH}/Application.Read.All")
    found = signed_in.get(f"/servicePrincipals(appId='{GRAPH_COMMAND_LINE_TOOLS}')").json
    assert found["displayName"] == "Microsoft Graph Command Line Tools"


def test_a_user_object_of_a_delegated_token_that_is_gone_is_no_caller(admin: Person) -> None:
    signed_in = admin.signed_in("User.Read")
    gone: User = admin.user
    admin.tenant.delete_user(gone)
    assert signed_in.get("/me").status == 401


def test_a_role_assignable_group_is_made_by_who_manages_roles(
    simulator: Simulator, tenant: TenantHandle, console: AppRegistration
) -> None:
    scopes = ["RoleManagement.ReadWrite.Directory", "Group.ReadWrite.All"]
    tenant.consent_delegated(console, scopes)
    body = {"displayName": "Desk", "mailEnabled": False, "mailNickname": "desk", "securityEnabled": True}
    member = person(simulator, tenant, console).signed_in(*scopes)
    assert member.post("/groups", {**body, "isAssignableToRole": True}).status == 403
    manager = person(simulator, tenant, console, "Privileged Role Administrator").signed_in(*scopes)
    made = manager.post("/groups", {**body, "isAssignableToRole": True})
    assert made.status == 201
    assert not tenant.state.groups[made.json["id"]].owners
    ordinary = member.post("/groups", body).json["id"]
    assert len(tenant.state.groups[ordinary].owners) == 1
    path = f"/groups/{made.json['id']}/members/$ref"
    reference = {"@odata.id": f"{simulator.graph_url}/v1.0/directoryObjects/{tenant.admin.id}"}
    assert [who.post(path, reference).status for who in (member, manager)] == [403, 204]


def test_pim_is_asked_in_the_name_of_a_user_by_who_manages_roles(
    simulator: Simulator, sim: Handle, console: AppRegistration
) -> None:
    tenant = sim.new_tenant(name="Aurora", plan="p2")
    tenant.consent_delegated(console, ["RoleManagement.ReadWrite.Directory"])
    target = tenant.add_user()
    body = {
        "action": "adminAssign",
        "principalId": target.id,
        "roleDefinitionId": PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
        "directoryScopeId": "/",
        "justification": "Help desk",
        "isValidationOnly": True,
    }
    path = "/roleManagement/directory/roleAssignmentScheduleRequests"
    assert person(simulator, tenant, console).signed_in(ROLES).post(path, body).status == 403
    admin = Person(simulator, tenant, console, tenant.admin).signed_in(ROLES)
    assert admin.post(path, body).status == 201
    assert target.id not in {held.principal_id for held in tenant.state.role_assignments.values()}
    assert admin.post(path, {**body, "isValidationOnly": False}).status == 201
    assert target.id in {held.principal_id for held in tenant.state.role_assignments.values()}
