"""Codes of the sign-in service that people meet: consenting, signing in, second steps, Conditional Access."""

from typing import Final

from tenantry.graph.explained.entry import CLIENT_CREDENTIALS_PAGE, CONSENT_PAGE, Basis, Entry, Who, aadsts

_OWN_ACCOUNT: Final = "Sign out at Microsoft, or use a private window, and sign in with an account of that tenant."
_SIGN_IN_AGAIN: Final = "Start again from the console and sign in anew."

CONSENT: Final = (
    Entry(
        aadsts(65004),
        "The consent was declined.",
        "Whoever signed in at Microsoft chose Cancel.",
        "Start again when the administrator is ready to accept.",
        Who.TECHNICIAN,
    ),
    Entry(
        aadsts(90094, 90093, 90095, 90097),
        "This account may not consent.",
        "The app asks for application permissions. Only a Global Administrator or a Privileged Role Administrator can "
        "grant those; Application Administrators cannot.",
        "Start again, and let a Global Administrator of the customer sign in.",
        Who.GLOBAL_ADMIN,
        page=CONSENT_PAGE,
    ),
    Entry(
        ("access_denied", "permission_denied", "consent_required"),
        "The consent was not given.",
        "Whoever signed in chose Cancel, or may not consent.",
        "Start again with a Global Administrator of the customer who is ready to accept.",
        Who.GLOBAL_ADMIN,
        page=CONSENT_PAGE,
    ),
)

OTHER_DIRECTORY: Final = (
    Entry(
        aadsts(50020, 50034, 51004, 50014, 90072),
        "This account is not in the tenant.",
        "It belongs to another directory, was misspelt, or the browser was still signed in with another account.",
        _OWN_ACCOUNT,
        Who.SIGNING_IN,
    ),
    Entry(
        aadsts(500200, 500208, 50177, 50178, 9002332),
        "This kind of account cannot sign in here.",
        "A personal Microsoft account, or one of another organisation, was used where the tenant wants its own.",
        _OWN_ACCOUNT,
        Who.SIGNING_IN,
    ),
    Entry(
        aadsts(500212, 500213),
        "Cross-tenant access settings keep this account out.",
        "The account's own tenant or the one it came to does not allow it.",
        "Use an account of the customer's own tenant, or let the cross-tenant access settings be changed.",
        Who.GLOBAL_ADMIN,
    ),
)

PASSWORDS: Final = (
    Entry(
        aadsts(50126, 50056, 50064),
        "The user name or the password is wrong.",
        "Microsoft does not say which of the two.",
        "Type both again. The user name is the whole address, name@domain.",
        Who.SIGNING_IN,
    ),
    Entry(
        aadsts(50053),
        "The account is locked, or the network is not trusted.",
        "Too many wrong passwords, or the address that the sign-in came from is known for attacks. The sign-in log "
        "says which.",
        "Wait for the lock to end, or sign in from another network. If it was not the user, reset the password.",
        Who.SIGNING_IN,
        heals=True,
    ),
    Entry(
        aadsts(50055, 50144),
        "The password has expired.",
        "It is older than the directory allows.",
        "Sign in once in a browser and choose a new password, or have it reset.",
        Who.SIGNING_IN,
    ),
    Entry(
        aadsts(50057),
        "The account is blocked.",
        "Sign-in was blocked for it in the Entra admin center or in Active Directory.",
        "Unblock it where it is managed, if it is to be used again.",
        Who.GLOBAL_ADMIN,
    ),
    Entry(
        aadsts(50135, 50125),
        "The user has to change the password first.",
        "Microsoft asks for a new password or for security information before it goes on.",
        "Sign in once in a browser and do what Microsoft asks.",
        Who.SIGNING_IN,
    ),
    Entry(
        aadsts(80001, 80002, 80005, 80007, 80010, 80013, 80014),
        "The customer's own Active Directory could not check the password.",
        "The agent for pass-through authentication does not reach a domain controller, or is out of time.",
        "Look at the agents and domain controllers; meanwhile use a cloud-only administrator.",
        Who.CUSTOMER,
    ),
    Entry(
        aadsts(80012),
        "The user signs in outside the permitted hours.",
        "Active Directory allows this account only at certain hours.",
        "Sign in within the hours, or let them be changed in Active Directory.",
        Who.CUSTOMER,
    ),
)

SESSIONS: Final = (
    Entry(
        aadsts(50058),
        "Nobody is signed in at Microsoft in this browser.",
        "A silent sign-in was tried, and there is no session (or the browser does not show it).",
        _SIGN_IN_AGAIN,
        Who.SIGNING_IN,
    ),
    Entry(
        aadsts(50173, 50132, 50133, 50089),
        "The session was ended.",
        "The password changed, or somebody revoked the sessions of this account.",
        _SIGN_IN_AGAIN,
        Who.SIGNING_IN,
    ),
    Entry(
        aadsts(70008, 700082, 700084, 70043, 70000),
        "The sign-in is too old.",
        "What was left of it has expired, was not used for a long time, or was revoked.",
        _SIGN_IN_AGAIN,
        Who.SIGNING_IN,
    ),
    Entry(
        aadsts(54005),
        "This answer of Microsoft's was used already.",
        "A code for signing in works once; a reload or the back button sent it a second time.",
        _SIGN_IN_AGAIN,
        Who.TECHNICIAN,
    ),
    Entry(
        aadsts(70016),
        "Microsoft waits for the sign-in to be finished.",
        "The code was not entered yet.",
        "Enter the code at Microsoft's page and finish signing in; we keep looking.",
        Who.SIGNING_IN,
        heals=True,
    ),
    Entry(
        aadsts(70018, 70019),
        "The code for signing in was wrong or too old.",
        "Such a code lives for a quarter of an hour.",
        _SIGN_IN_AGAIN,
        Who.SIGNING_IN,
    ),
    Entry(
        ("state", "nonce", "tid"),
        "The answer does not belong to this sign-in.",
        "It came from another browser or another attempt, or names no tenant. Our own check refused it.",
        "Start again from the console, and finish in the same browser.",
        Who.TECHNICIAN,
        page=CLIENT_CREDENTIALS_PAGE,
    ),
    Entry(
        ("invalid_grant", "interaction_required", "login_required", "expired_token"),
        "A person has to sign in at Microsoft again.",
        "Microsoft says: {said}",
        _SIGN_IN_AGAIN,
        Who.SIGNING_IN,
    ),
)

SECOND_STEP: Final = (
    Entry(
        aadsts(50076, 50074, 50078, 50158),
        "The second step of signing in is missing.",
        "The tenant asks for multifactor authentication, and it was not done, not passed, or too long ago.",
        "Sign in again and confirm the second step.",
        Who.SIGNING_IN,
    ),
    Entry(
        aadsts(50079, 50072),
        "The account has no second step set up yet.",
        "The tenant asks for multifactor authentication, and this account has not registered a method.",
        "Sign in once in a browser and set up the method that Microsoft asks for.",
        Who.SIGNING_IN,
    ),
    Entry(
        aadsts(53004, 53010),
        "The second step cannot be set up from here.",
        "A policy allows registration only from trusted places or devices, or the sign-in looks risky.",
        "Register from the customer's network or a managed device, or ask an administrator for a Temporary Access "
        "Pass.",
        Who.GLOBAL_ADMIN,
    ),
    Entry(
        aadsts(50088),
        "Too many codes by telephone were sent.",
        "Microsoft limits them.",
        "Wait some minutes, or use the authenticator app.",
        Who.SIGNING_IN,
        heals=True,
    ),
)

CONDITIONAL_ACCESS: Final = (
    Entry(
        aadsts(53003, 50131),
        "A Conditional Access policy blocks this sign-in.",
        "The policy forbids it for this account, app, place or device. For our own app it is a policy for workload "
        "identities.",
        "The tenant's sign-in log names the policy (for apps: Service principal sign-ins). Exclude our enterprise app "
        "or the account there.",
        Who.CONDITIONAL_ACCESS_ADMIN,
    ),
    Entry(
        aadsts(53000),
        "The device is not compliant.",
        "A Conditional Access policy wants a device that is managed and compliant.",
        "Use a compliant device of the customer, or let the policy be changed for this sign-in.",
        Who.CONDITIONAL_ACCESS_ADMIN,
    ),
    Entry(
        aadsts(53001, 50097, 50155, 50187, 50129),
        "The device is not known to the tenant.",
        "A Conditional Access policy wants a joined or registered device.",
        "Use a device that is joined to the customer's tenant, or let the policy be changed for this sign-in.",
        Who.CONDITIONAL_ACCESS_ADMIN,
    ),
    Entry(
        aadsts(53002, 50127, 50005),
        "This app or platform is not approved by the tenant.",
        "A Conditional Access policy allows only listed apps or platforms.",
        "Use an approved app, or let the policy be changed for this sign-in.",
        Who.CONDITIONAL_ACCESS_ADMIN,
    ),
    Entry(
        aadsts(53011, 530034),
        "The account is blocked because of risk.",
        "Microsoft sees signs that somebody else uses it.",
        "Let an administrator look at the risk in ID Protection, and secure the account first.",
        Who.GLOBAL_ADMIN,
    ),
    Entry(
        aadsts(530032, 530035),
        "Security defaults block this sign-in.",
        "The tenant has security defaults on, and this way to sign in counts as unsafe.",
        "Sign in through a browser with a second step.",
        Who.SIGNING_IN,
        basis=Basis.SEEN,
    ),
)

ENTRIES: Final = (*CONSENT, *OTHER_DIRECTORY, *PASSWORDS, *SESSIONS, *SECOND_STEP, *CONDITIONAL_ACCESS)
