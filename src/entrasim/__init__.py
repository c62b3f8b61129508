"""A strict stand-in for Microsoft Entra ID and Microsoft Graph, for anybody's Graph program.

It is a real HTTPS server: MSAL, azure-identity and any Graph client can talk to it unchanged. It knows nothing of
Tenantry and shares no code with it, so that the two readings of Microsoft's rules check each other.
"""
