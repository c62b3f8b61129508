"""Codes of the sign-in service that our own apps meet: our credential, our enterprise app, the tenant, the service."""

from typing import Final

from tenantry.graph.explained.entry import CLIENT_CREDENTIALS_PAGE, Basis, Entry, Who, aadsts

_CONSENT_AGAIN: Final = (
    "Connect the tenant again from the customer's page, and let an administrator of the customer consent again."
)
_OUR_BUG: Final = "Nothing in the tenant is wrong. Report it to whoever maintains this console, with the request id."

OUR_CREDENTIAL: Final = (
    Entry(
        aadsts(7000215, 70002),
        "Microsoft does not accept our client secret.",
        "The secret is wrong. Often the secret's id was copied in place of its value. It concerns every tenant.",
        "Set TENANTRY_CLIENT_SECRET to the value of a secret that is valid, or use a certificate; `tenantry doctor` "
        "checks it.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(7000222),
        "Our client secret has expired.",
        "Secrets end by themselves. It concerns every tenant at once.",
        "Make a new secret or, better, a certificate on the app registration, and set it in the console's settings.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(700027, 50012),
        "Microsoft does not accept our certificate.",
        "The certificate that signs for us is not (or no longer) on the app registration, has expired, or does not "
        "belong to the private key. It concerns every tenant.",
        "Upload the certificate of TENANTRY_CLIENT_CERTIFICATE to the app registration; `tenantry doctor` shows its "
        "thumbprint and expiry.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(700030),
        "Microsoft does not accept the subject of our certificate.",
        "The app registration trusts certificates by subject and issuer, and ours has another subject.",
        "Upload our certificate itself to the app registration, or use one with the trusted subject.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(700024, 500133),
        "Our proof to Microsoft was outside its time.",
        "The assertion we sign is valid for minutes; a wrong clock makes it too old or too new.",
        "Set the clock of the machine that runs the console (NTP), then try again.",
        Who.OPERATOR,
        basis=Basis.SEEN,
    ),
    Entry(
        aadsts(7000216, 7000218),
        "We asked for a token without a credential.",
        "Microsoft wants a client secret or a signed assertion, and neither came along.",
        "Set TENANTRY_CLIENT_CERTIFICATE or TENANTRY_CLIENT_SECRET. If it is set, see that the app registration does "
        "not count as a public client.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(700025),
        "The app registration is a public client, and we sent a credential.",
        "Apps for desktops and phones may have none.",
        "On the app registration, Authentication: use a redirect address of the kind Web, and public client flows off.",
        Who.OPERATOR,
    ),
    Entry(
        ("invalid_client",),
        "Microsoft does not accept our own credential.",
        "Microsoft says: {said}",
        "Check the certificate or secret of the app registration; `tenantry doctor` says what is wrong with ours.",
        Who.OPERATOR,
        page=CLIENT_CREDENTIALS_PAGE,
    ),
)

OUR_APP: Final = (
    Entry(
        aadsts(700016, 700011),
        "Our enterprise app is not in this tenant.",
        "Nobody there consented yet, the enterprise app was deleted, or the tenant or client id is another than meant.",
        f"{_CONSENT_AGAIN} If it says so for every tenant, check TENANTRY_CLIENT_ID.",
        Who.GLOBAL_ADMIN,
    ),
    Entry(
        aadsts(7000229),
        "Our enterprise app is missing in this tenant.",
        "The tenant has not consented, or somebody deleted the enterprise app there.",
        _CONSENT_AGAIN,
        Who.GLOBAL_ADMIN,
        basis=Basis.SEEN,
    ),
    Entry(
        aadsts(7000112, 70001),
        "Our enterprise app is disabled in this tenant.",
        "“Enabled for users to sign-in” is set to No; then an app gets no tokens either.",
        "In the Entra admin center open Enterprise applications, our app, Properties, and set “Enabled for users to "
        "sign-in” to Yes.",
        Who.GLOBAL_ADMIN,
    ),
    Entry(
        aadsts(50105),
        "The person is not assigned to the app.",
        "“Assignment required?” is set to Yes on the enterprise app, and this account is not on its list.",
        "In Enterprise applications, our app: add the person under Users and groups, or set “Assignment required?” "
        "to No.",
        Who.GLOBAL_ADMIN,
    ),
    Entry(
        aadsts(65001, 90008),
        "Nobody has consented to what was asked for.",
        "The app asks for a permission that this tenant has not granted.",
        _CONSENT_AGAIN,
        Who.GLOBAL_ADMIN,
    ),
    Entry(
        aadsts(650051),
        "The enterprise app is just being made in this tenant.",
        "Directly after a consent Microsoft needs a moment before it knows the app everywhere.",
        "Nothing to do: it is tried again by itself, usually with success within a minute.",
        Who.NOBODY,
        heals=True,
        basis=Basis.SEEN,
    ),
    Entry(
        aadsts(650052),
        "A service that the app needs is not in this tenant.",
        "The tenant has no subscription to it, or its enterprise app is disabled.",
        "See that the tenant has the service (Microsoft Graph always is there), and consent again.",
        Who.GLOBAL_ADMIN,
    ),
    Entry(
        aadsts(650053),
        "The app asks for a permission that does not exist.",
        "A permission's name is misspelt or unknown in this cloud. Microsoft says: {said}",
        "Compare the app registration's permissions with the permissions page; some are missing in national clouds.",
        Who.OPERATOR,
        basis=Basis.SEEN,
    ),
    Entry(
        aadsts(650054),
        "The app asks for permissions on a service that is gone.",
        "The service was removed or is no longer in this tenant.",
        "Remove the permissions that are not on the permissions page from the app registration.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(650056, 65005),
        "The app registration and what was asked do not fit together.",
        "The registration lists no permission for Microsoft Graph, or the tenant has not consented to them.",
        "Check the permissions of the app registration against the permissions page, then let the customer consent.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(650057),
        "The app registration does not list the service that was asked for.",
        "A token is only given for services among the registered permissions. Microsoft says: {said}",
        "Add Microsoft Graph's permissions to the app registration as the permissions page lists them.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(650055),
        "The app registration cannot be used like this.",
        "Microsoft says: {said}",
        "Compare the app registration with the installation page.",
        Who.OPERATOR,
        basis=Basis.SEEN,
    ),
    Entry(
        aadsts(500011, 50001),
        "Microsoft does not know the service that was asked for in this tenant.",
        "The address of Microsoft Graph belongs to another cloud, or is wrong.",
        "Check TENANTRY_CLOUD and TENANTRY_GRAPH_URL.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(50194),
        "Our app registration is for one tenant only.",
        "Its supported account types are “this organizational directory only”, so no customer can use it.",
        "On the app registration, Authentication: choose accounts in any organizational directory (multitenant).",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(90099),
        "The app is not authorised for partner administrators in this tenant.",
        "A delegated partner administrator signed in, and an app must be consented there first.",
        "Let the customer consent, or consent on its behalf through the Partner Center API.",
        Who.GLOBAL_ADMIN,
    ),
    Entry(
        ("unauthorized_client",),
        "This app may not ask for tokens in this tenant.",
        "Microsoft says: {said}",
        f"See that the enterprise app is there and enabled. {_CONSENT_AGAIN}",
        Who.GLOBAL_ADMIN,
        page=CLIENT_CREDENTIALS_PAGE,
    ),
)

TENANT: Final = (
    Entry(
        aadsts(90002),
        "Microsoft does not know this tenant.",
        "The tenant was deleted, its id is wrong, or it lives in another cloud.",
        "Ask the customer whether the tenant was deleted or moved. For tenants of a national cloud check "
        "TENANTRY_CLOUD.",
        Who.CUSTOMER,
    ),
    Entry(
        aadsts(5000224),
        "This tenant is not available any more.",
        "It was deleted, or Microsoft has shut it.",
        "Ask the customer. If it is gone for good, disconnect it here.",
        Who.CUSTOMER,
        basis=Basis.SEEN,
    ),
    Entry(
        aadsts(50059, 50128, 90019),
        "Microsoft cannot tell which tenant is meant.",
        "Neither the address nor the account names one.",
        "Enter the customer's domain or tenant id, or sign in with the full user name (name@domain).",
        Who.TECHNICIAN,
    ),
    Entry(
        aadsts(90038, 900382, 900432),
        "This tenant lives in another cloud of Microsoft's.",
        "National clouds keep to themselves: an app registration of one cannot be used in another.",
        "Run a console for that cloud, with an app registration there (TENANTRY_CLOUD).",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(50002, 500021, 500022),
        "Tenant restrictions keep us out of this tenant.",
        "The network that the sign-in came through lets only listed tenants in.",
        "Add the tenant to the list of tenant restrictions, or sign in from another network.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(9001023),
        "The address names no tenant.",
        "Tokens for an app exist in one tenant only, never for /common or /consumers.",
        _OUR_BUG,
        Who.OPERATOR,
    ),
)

REQUESTS: Final = (
    Entry(
        aadsts(70011, 1002012),
        "The scope that was asked for is not valid.",
        "An app's own token is asked for with the address of Microsoft Graph and “/.default”.",
        f"Check TENANTRY_GRAPH_URL. {_OUR_BUG}",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(50011, 70004, 500113, 900971),
        "The return address is not registered.",
        "Microsoft only goes back to addresses that stand on the app registration, letter by letter.",
        "On the app registration, Authentication: add TENANTRY_PUBLIC_URL with `/connect/return` as a Web redirect "
        "address.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(900144, 90014, 90023, 90100, 9002313, 90004, 90013, 900561),
        "Microsoft could not read the sign-in request.",
        "Something is missing in it or has the wrong form. Microsoft says: {said} A press on the browser's back "
        "button can cause it too.",
        f"Start again from the console. If it stays: {_OUR_BUG}",
        Who.TECHNICIAN,
    ),
    Entry(
        aadsts(240001, 240002),
        "The token that was handed on cannot be used for this.",
        "A token of one kind was presented where Microsoft wants another.",
        _OUR_BUG,
        Who.OPERATOR,
        basis=Basis.SEEN,
    ),
    Entry(
        aadsts(70003, 70005, 70007, 700054),
        "The app registration does not allow this way to sign in.",
        "Microsoft says: {said}",
        "Compare the app registration's Authentication page with the installation page.",
        Who.OPERATOR,
    ),
    Entry(
        aadsts(501481, 50147, 501491),
        "The proof that the same browser came back did not fit.",
        "The code that Microsoft gave was asked for by another request (PKCE).",
        "Start again from the console, and finish in the same browser.",
        Who.TECHNICIAN,
    ),
    Entry(
        aadsts(50196),
        "Microsoft saw the same token request too often.",
        "Somebody asks again and again without keeping the token; Microsoft calls it a loop.",
        "Wait some minutes. If it comes back, another program uses the same app registration, or it is our fault.",
        Who.OPERATOR,
        heals=True,
    ),
    Entry(
        ("invalid_request", "invalid_scope", "invalid_resource", "unsupported_grant_type", "unsupported_response_type"),
        "Microsoft could not accept the sign-in request.",
        "Microsoft says: {said}",
        _OUR_BUG,
        Who.OPERATOR,
        page=CLIENT_CREDENTIALS_PAGE,
    ),
)

SERVICE: Final = (
    Entry(
        aadsts(90033, 90006, 90012, 90024, 90025, 90090, 90091, 50033, 50087, 70012),
        "Microsoft's sign-in service has a problem of its own.",
        "It says that this passes.",
        "Nothing to do: it is tried again by itself. If it lasts, look at Microsoft's service health.",
        Who.NOBODY,
        heals=True,
    ),
    Entry(
        aadsts(90055),
        "There are too many sign-in requests for this tenant.",
        "Microsoft holds them back for a while, whoever sends them.",
        "Nothing to do: it is tried again by itself.",
        Who.NOBODY,
        heals=True,
    ),
    Entry(
        aadsts(50000, 90036, 90092),
        "Microsoft's sign-in service failed.",
        "It has a problem that it does not expect to pass by itself.",
        "Try again later. If it stays, open a case with Microsoft and give the request id.",
        Who.TECHNICIAN,
    ),
    Entry(
        ("temporarily_unavailable", "server_error"),
        "Microsoft's sign-in service is busy or down.",
        "It says that this passes.",
        "Nothing to do: it is tried again by itself.",
        Who.NOBODY,
        heals=True,
        page=CLIENT_CREDENTIALS_PAGE,
    ),
)

ENTRIES: Final = (*OUR_CREDENTIAL, *OUR_APP, *TENANT, *REQUESTS, *SERVICE)
