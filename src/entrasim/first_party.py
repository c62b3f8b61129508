"""Microsoft's own apps that every directory knows, although nobody registered them there."""

from entrasim.state import AppRegistration, World

MICROSOFT_TENANT_ID = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""`appOwnerOrganizationId` of Microsoft's own apps."""

GRAPH_COMMAND_LINE_TOOLS = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""Microsoft Graph PowerShell signs in as this public client; with it the first app of a tenant can be registered."""


def register(world: World) -> None:
    """Put them into a world."""
    world.apps.setdefault(
        GRAPH_COMMAND_LINE_TOOLS,
        AppRegistration(
            app_id=GRAPH_COMMAND_LINE_TOOLS,
            display_name="Microsoft Graph Command Line Tools",
            home_tenant_id=MICROSOFT_TENANT_ID,
            public_redirect_uris=["http://localhost"],
            is_fallback_public_client=True,
            required_scopes=["User.Read"],
        ),
    )


def describe() -> dict[str, str]:
    """What a program needs to sign an administrator in before any app of its own is registered."""
    return {
        "client_id": GRAPH_COMMAND_LINE_TOOLS,
        "name": "Microsoft Graph Command Line Tools",
        "redirect_uri": "http://localhost",
    }
