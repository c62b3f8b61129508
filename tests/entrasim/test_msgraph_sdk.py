"""Microsoft's own SDK for Python with azure-identity, unchanged but for addresses and the certificate authority."""

import asyncio
import datetime as dt
import ssl
import warnings
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from azure.identity import CertificateCredential, ClientSecretCredential
from tests.entrasim.conftest import StandingClock

from entrasim.handle import Handle
from entrasim.server import Simulator

with warnings.catch_warnings():
    # Kiota warns about its own deprecated parts while it is imported.
    warnings.simplefilter("ignore", DeprecationWarning)
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph.generated.models.expiration_pattern import ExpirationPattern
    from msgraph.generated.models.expiration_pattern_type import ExpirationPatternType
    from msgraph.generated.models.group import Group
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph.generated.models.password_profile import PasswordProfile
    from msgraph.generated.models.request_schedule import RequestSchedule
    from msgraph.generated.models.unified_role_assignment_schedule_request import UnifiedRoleAssignmentScheduleRequest
    from msgraph.generated.models.unified_role_schedule_request_actions import UnifiedRoleScheduleRequestActions
    from msgraph.generated.models.user import User
    from msgraph.generated.users.users_request_builder import UsersRequestBuilder
    from msgraph_core import GraphClientFactory  # type: ignore[import-untyped]

# What the SDK and its libraries warn about themselves.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Scenario = Callable[[GraphServiceClient], Awaitable[None]]


@pytest.fixture(autouse=True)
def _own_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


def run(simulator: Simulator, credential: Any, scenario: Scenario) -> None:  # noqa: ANN401  any credential
    async def with_client() -> None:
        provider = AzureIdentityAuthenticationProvider(
            credential, scopes=["https://graph.microsoft.com/.default"], allowed_hosts=["localhost"]
        )
        context = ssl.create_default_context(cafile=str(simulator.ca_file))
        # Kiota wraps the transport and never closes what it wrapped.
        async with httpx.AsyncHTTPTransport(verify=context) as transport:
            http = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(transport=transport))
            adapter = GraphRequestAdapter(provider, client=http)
            adapter.base_url = f"{simulator.graph_url}/v1.0"
            await scenario(GraphServiceClient(request_adapter=adapter))

    asyncio.run(with_client())


def secret_credential(simulator: Simulator, tenant_id: str, app_id: str) -> ClientSecretCredential:
    return ClientSecretCredential(
        tenant_id,
        app_id,
        "s3cret",
        authority=simulator.login_url,
        disable_instance_discovery=True,
        connection_verify=str(simulator.ca_file),
    )


def test_the_sdk_lists_pages_patches_and_is_refused(simulator: Simulator, sim: Handle) -> None:
    tenant = sim.new_tenant(users=25)
    app = sim.register_app(
        secret="s3cret",
        required_app_roles=[
            "User.Read.All",
            "User.EnableDisableAccount.All",
            "User-PasswordProfile.ReadWrite.All",
        ],
    )
    principal = tenant.consent(app)
    tenant.assign_role(principal.id, "User Administrator")
    user = tenant.add_user(name="Dana Whitfield")

    async def scenario(client: GraphServiceClient) -> None:
        Parameters = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters  # noqa: N806  a class
        config = UsersRequestBuilder.UsersRequestBuilderGetRequestConfiguration(
            query_parameters=Parameters(select=["id", "displayName", "accountEnabled"], top=10)
        )
        page = await client.users.get(request_configuration=config)
        seen = [row.id for row in page.value]
        while page.odata_next_link:
            page = await client.users.with_url(page.odata_next_link).get()
            seen += [row.id for row in page.value]
        assert set(seen) == set(tenant.state.users)

        await client.users.by_user_id(user.id).patch(User(account_enabled=False))
        profile = PasswordProfile(password="Quiet-Harbour-88", force_change_password_next_sign_in=True)
        await client.users.by_user_id(user.id).patch(User(password_profile=profile))
        with pytest.raises(ODataError) as refused:
            await client.users.by_user_id(tenant.admin.id).patch(User(account_enabled=False))
        assert refused.value.response_status_code == 403
        assert refused.value.error.code == "Authorization_RequestDenied"

        delta = await client.users.delta.get()
        assert delta.odata_delta_link

    run(simulator, secret_credential(simulator, tenant.id, app.app_id), scenario)
    assert user.account_enabled is False
    assert user.password == "Quiet-Harbour-88"
    assert tenant.admin.account_enabled is True
    assert not any(entry.unsimulated for entry in tenant.journal())


def test_azure_identity_signs_in_with_a_certificate(
    simulator: Simulator, sim: Handle, certificate: tuple[str, str]
) -> None:
    key, public = certificate
    tenant = sim.new_tenant()
    app = sim.register_app(certificate_pem=public, required_app_roles=["Organization.Read.All"])
    tenant.consent(app)
    credential = CertificateCredential(
        tenant.id,
        app.app_id,
        certificate_data=(key + public).encode(),
        authority=simulator.login_url,
        disable_instance_discovery=True,
        connection_verify=str(simulator.ca_file),
    )

    async def scenario(client: GraphServiceClient) -> None:
        organization = await client.organization.get()
        assert [row.id for row in organization.value] == [tenant.id]

    run(simulator, credential, scenario)


def test_the_sdk_assigns_through_pim_and_makes_a_group_for_roles(
    simulator: Simulator, sim: Handle, clock: StandingClock
) -> None:
    tenant = sim.new_tenant(plan="p2")
    app = sim.register_app(
        secret="s3cret", required_app_roles=["RoleManagement.ReadWrite.Directory", "Directory.Read.All"]
    )
    principal = tenant.consent(app)
    role = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
    ends_at = clock.now() + dt.timedelta(days=30)

    async def scenario(client: GraphServiceClient) -> None:
        directory = client.role_management.directory
        made = await directory.role_assignment_schedule_requests.post(
            UnifiedRoleAssignmentScheduleRequest(
                action=UnifiedRoleScheduleRequestActions.AdminAssign,
                justification="Help desk",
                principal_id=principal.id,
                role_definition_id=role,
                directory_scope_id="/",
                schedule_info=RequestSchedule(
                    start_date_time=clock.now(),
                    # This SDK writes durations in Python's way, not in ISO 8601, which Graph refuses.
                    expiration=ExpirationPattern(type=ExpirationPatternType.AfterDateTime, end_date_time=ends_at),
                ),
            )
        )
        assert made is not None
        assert (made.status, made.target_schedule_id is None) == ("Provisioned", False)
        found = await directory.role_assignment_schedule_instances.get()
        assert found is not None
        ends = [row.end_date_time for row in found.value or [] if row.principal_id == principal.id]
        assert ends == [ends_at]
        with pytest.raises(ODataError) as refused:
            await directory.role_assignment_schedule_requests.post(
                UnifiedRoleAssignmentScheduleRequest(
                    action=UnifiedRoleScheduleRequestActions.AdminAssign,
                    justification="Help desk",
                    principal_id=principal.id,
                    role_definition_id=role,
                    directory_scope_id="/",
                    schedule_info=RequestSchedule(
                        expiration=ExpirationPattern(type=ExpirationPatternType.NoExpiration)
                    ),
                )
            )
        assert refused.value.error is not None
        assert refused.value.error.code == "RoleAssignmentExists"
        group = await client.groups.post(
            Group(
                display_name="Roles",
                mail_nickname="roles",
                mail_enabled=False,
                security_enabled=True,
                is_assignable_to_role=True,
                visibility="Private",
            )
        )
        assert group is not None
        assert group.is_assignable_to_role is True

    run(simulator, secret_credential(simulator, tenant.id, app.app_id), scenario)
