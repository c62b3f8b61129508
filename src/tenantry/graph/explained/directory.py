"""Codes of Microsoft Graph: rights, objects, content, throttling, delta reads, and no answer at all.

Where one code has several meanings the entries with a pattern come first, and the one without is what remains.
"""

from typing import Final

from tenantry.graph.explained.entry import (
    DELTA_PAGE,
    ERRORS_PAGE,
    GROUPS_PAGE,
    PASS_PAGE,
    ROLES_PAGE,
    THROTTLING_PAGE,
    UNITS_PAGE,
    USER_UPDATE_PAGE,
    Basis,
    Entry,
    Who,
)

_DENIED: Final = ("Authorization_RequestDenied",)
_BAD: Final = ("Request_BadRequest",)
_METHOD_BAD: Final = ("badRequest",)
_BY_ITSELF: Final = "Nothing to do: it is tried again by itself."

RIGHTS: Final = (
    Entry(
        _DENIED,
        "Protected account: it is in a restricted management administrative unit.",
        "Only administrators of that unit can change it, whatever roles and permissions anybody else holds.",
        "Ask an administrator of the unit. The protection is usually deliberate.",
        Who.UNIT_ADMIN,
        pattern="restricted management administrative unit",
        when="the message names a restricted management administrative unit",
        page=UNITS_PAGE,
    ),
    Entry(
        _DENIED,
        "The tenant lacks the licence for this.",
        "Role-assignable groups and custom roles need Microsoft Entra ID P1; some things need P2.",
        "Choose the direct path, or let the customer buy the licence; a new one takes some minutes to be seen.",
        Who.CUSTOMER,
        pattern="purchased AAD Premium|premium licen[cs]e",
        when="the message speaks of AAD Premium or a premium licence",
        basis=Basis.SEEN,
        page=GROUPS_PAGE,
    ),
    Entry(
        _DENIED,
        "Microsoft refused: a permission or a directory role is missing.",
        "Our enterprise app lacks the permission, or its role does not reach this object. An administrator's account "
        "is only changed by a role that may change that administrator. A role given less than about 15 minutes ago "
        "may not be in force everywhere.",
        "See on the customer's page which permission or role is missing. If all is there, wait a quarter of an hour "
        "and try again.",
        Who.ROLE_ADMIN,
        page=ROLES_PAGE,
    ),
    Entry(
        ("Authorization_IdentityNotFound",),
        "Microsoft does not know our enterprise app in this tenant.",
        "The token is valid, but the enterprise app was deleted meanwhile or is not known everywhere yet.",
        "If it was connected just now, wait a minute. Otherwise let an administrator consent again, from the "
        "customer's page.",
        Who.GLOBAL_ADMIN,
        basis=Basis.SEEN,
        page=ERRORS_PAGE,
    ),
    Entry(
        ("Authentication_RequestFromNonPremiumTenantOrB2CTenant",),
        "The tenant has no licence for this report.",
        "Sign-in data needs Microsoft Entra ID P1. Microsoft says that this answer can also come now and then "
        "although there is one.",
        "If the customer has P1, try again later; otherwise this cannot be read.",
        Who.CUSTOMER,
        page="https://learn.microsoft.com/graph/known-issues",
    ),
    Entry(
        ("AccessDenied", "Forbidden", "accessDenied"),
        "The tenant lacks the licence for this.",
        "Microsoft says: {said}",
        "Let the customer buy the licence, or do without the feature.",
        Who.CUSTOMER,
        pattern="licen[cs]ed? for this feature|not licen[cs]ed",
        when="the message speaks of a licence",
        basis=Basis.SEEN,
        page=ERRORS_PAGE,
    ),
    Entry(
        ("AccessDenied", "Forbidden", "accessDenied", "UnauthorizedAccessException"),
        "Microsoft refused it.",
        "A permission or role is missing. Microsoft says: {said}",
        "See on the customer's page which permission or role is missing.",
        Who.ROLE_ADMIN,
        page=ERRORS_PAGE,
    ),
    Entry(
        (
            "InvalidAuthenticationToken",
            "Authentication_ExpiredToken",
            "Authorization_IdentityDisabled",
            "unauthenticated",
        ),
        "Microsoft no longer accepts our token.",
        "It has expired, was revoked, or the enterprise app was disabled after it was given.",
        "Nothing to do at first: we ask for a new token by ourselves. If it stays, look whether the enterprise app is "
        "enabled in the tenant.",
        Who.NOBODY,
        heals=True,
        page=ERRORS_PAGE,
    ),
    Entry(
        ("Authentication_MissingOrMalformed", "Authorization_MissingToken"),
        "The call came without a usable token.",
        "Something between us and Microsoft took it away, or it was damaged.",
        "Look at proxies that inspect TLS (TENANTRY_CA_FILE).",
        Who.OPERATOR,
        basis=Basis.SEEN,
        page=ERRORS_PAGE,
    ),
)

OBJECTS: Final = (
    Entry(
        ("Request_ResourceNotFound", "ResourceNotFound", "itemNotFound", "ErrorItemNotFound", "NotFound"),
        "Microsoft does not know this object.",
        "It was deleted, or is so new that it is not known everywhere yet.",
        "Wait a minute and try again. If it was deleted, read the tenant again.",
        Who.TECHNICIAN,
        heals=True,
        page=ERRORS_PAGE,
    ),
    Entry(
        ("Request_MultipleObjectsWithSameKeyValue",),
        "There is already an object with this name or key.",
        "Microsoft says: {said}",
        "Use another name, or the object that is there.",
        Who.TECHNICIAN,
        page=ERRORS_PAGE,
    ),
    Entry(
        ("Directory_QuotaExceeded",),
        "The tenant is full.",
        "It has as many objects as its quota allows; deleted ones count in part for 30 days.",
        "Let the customer delete what is not needed, for good, or ask Microsoft for a higher quota.",
        Who.CUSTOMER,
        page="https://learn.microsoft.com/entra/identity/users/directory-service-limits-restrictions",
    ),
    Entry(
        ("Directory_ExpiredPageToken", "Directory_ResultSizeLimitExceeded"),
        "The list could not be read to its end.",
        "The link to the next page grew too old, or the list is too long for one read.",
        "Nothing to do: the read starts over by itself.",
        Who.NOBODY,
        heals=True,
        page=ERRORS_PAGE,
    ),
    Entry(
        ("Directory_ConcurrencyViolation", "Directory_ReplicaUnavailable", "Directory_BindingRedirection"),
        "The directory was busy with the same object.",
        "Somebody changed it at the same moment, or one of Microsoft's servers was not ready.",
        _BY_ITSELF,
        Who.NOBODY,
        heals=True,
        page=ERRORS_PAGE,
    ),
)

CONTENT: Final = (
    Entry(
        _METHOD_BAD,
        "The tenant's policy does not allow this user a Temporary Access Pass.",
        "Passes are switched off in the tenant, or this user is not among those who may have one. "
        "Microsoft says: {said}",
        "Let an administrator of the customer switch them on: Entra admin center, Authentication methods, Policies, "
        "Temporary Access Pass.",
        Who.CUSTOMER,
        pattern="UserCredentialPolicy|AuthMethodType",
        when="the message names the credential policy or TemporaryAccessPass",
        basis=Basis.SEEN,
        page=PASS_PAGE,
    ),
    Entry(
        _METHOD_BAD,
        "The tenant's policy does not allow a Temporary Access Pass like this.",
        "It is to be good for longer or shorter than the policy says, or for more than one sign-in. "
        "Microsoft says: {said}",
        "Ask for a time within the range, or for one sign-in only.",
        Who.TECHNICIAN,
        pattern="LifetimeInMinutes|IsUsableOnce",
        when="the message names LifetimeInMinutes or IsUsableOnce",
        basis=Basis.SEEN,
        page=PASS_PAGE,
    ),
    Entry(
        _BAD,
        "Microsoft did not accept this password. Choose another.",
        "It is too weak, holds the user's name, or is on a list of banned words. Microsoft says: {said}",
        "A generated one is seldom on a list.",
        Who.TECHNICIAN,
        pattern="password",
        when="the message speaks of the password",
        page=USER_UPDATE_PAGE,
        basis=Basis.SEEN,
    ),
    Entry(
        _BAD,
        "It is there already.",
        "An object with this name, or this very assignment or membership, exists. Microsoft says: {said}",
        "Nothing to do if it is the same: it is read back before it counts. Otherwise choose another name.",
        Who.TECHNICIAN,
        pattern="already exist|conflicting object|same value for property",
        when="the message says that it exists or conflicts",
        basis=Basis.SEEN,
        page=ERRORS_PAGE,
    ),
    Entry(
        _BAD,
        "This account is managed in the customer's own Active Directory.",
        "It is synchronised to the cloud, and Microsoft lets such properties be changed only where it comes from.",
        "Make the change in Active Directory; the next synchronisation brings it here.",
        Who.CUSTOMER,
        pattern="on-premises mastered|directory sync|undergoing migration|on-?premises.*sync",
        when="the message speaks of on-premises mastered objects",
        page=USER_UPDATE_PAGE,
        basis=Basis.SEEN,
    ),
    Entry(
        _BAD,
        "A value cannot be set.",
        "The property is read-only, or only Microsoft sets it. Microsoft says: {said}",
        "Nothing in the tenant is wrong. Report it to whoever maintains this console, with the request id.",
        Who.OPERATOR,
        pattern="read-only",
        when="the message says that a property is read-only",
        basis=Basis.SEEN,
        page=ERRORS_PAGE,
    ),
    Entry(
        _BAD,
        "Something that was referred to does not exist yet.",
        "A new object is not known everywhere at once. Microsoft says: {said}",
        "Wait a minute and try again.",
        Who.TECHNICIAN,
        heals=True,
        pattern="does not exist|not present|not found|invalid object identifier",
        when="the message says that something is not there",
        basis=Basis.SEEN,
        page=ERRORS_PAGE,
    ),
    Entry(
        _BAD,
        "A setting that Microsoft fixes at creation cannot be changed.",
        "Microsoft says: {said}",
        "Make a new object with the right setting.",
        Who.TECHNICIAN,
        pattern="isAssignableToRole|cannot be (?:changed|updated)|immutable",
        when="the message names isAssignableToRole or something immutable",
        page=GROUPS_PAGE,
        basis=Basis.SEEN,
    ),
    Entry(
        (*_BAD, "BadRequest", "invalidRequest", "Request_InvalidRequestUrl", "Request_InvalidDataContractVersion"),
        "Microsoft did not accept the request.",
        "Microsoft says: {said}",
        "Try again. If it stays, give Microsoft's request id to their support.",
        Who.TECHNICIAN,
        page=ERRORS_PAGE,
    ),
    Entry(
        ("Request_UnsupportedQuery", "NotImplemented", "notSupported"),
        "Microsoft does not offer this.",
        "The request is right in form, but this cloud or object does not support it. Microsoft says: {said}",
        "Report it to whoever maintains this console, with the request id.",
        Who.OPERATOR,
        page=ERRORS_PAGE,
    ),
    Entry(
        ("Conflict", "nameAlreadyExists", "resourceModified"),
        "It clashes with what is there.",
        "Somebody made or changed the same thing meanwhile. Microsoft says: {said}",
        "Read it again and look at its present state.",
        Who.TECHNICIAN,
        page=ERRORS_PAGE,
    ),
)

SERVICE: Final = (
    Entry(
        ("TooManyRequests", "activityLimitReached", "Request_ThrottledTemporarily", "Request_Throttled"),
        "Microsoft asks us to slow down for this tenant.",
        "There were too many requests in a short time, ours or others'.",
        "Nothing to do: it goes on by itself when Microsoft allows it.",
        Who.NOBODY,
        heals=True,
        page=THROTTLING_PAGE,
    ),
    Entry(
        (
            *("ServiceUnavailable", "serviceNotAvailable", "GatewayTimeout", "BadGateway", "InternalServerError"),
            *("UnknownError", "generalException", "Service_InternalServerError", "Directory_ServiceUnavailable"),
        ),
        "Microsoft Graph did not answer as it should.",
        "It has a problem of its own and did not say which. Usually it passes.",
        "Nothing to do: it is tried again by itself. If it lasts, look at Microsoft's service health.",
        Who.NOBODY,
        heals=True,
        page=ERRORS_PAGE,
    ),
    Entry(
        ("resyncRequired", "syncStateNotFound", "resyncChangesApplyDifferences", "resyncChangesUploadDifferences"),
        "Microsoft wants the directory to be read from the start.",
        "The mark from which changes are told is too old (after about a week) or was dropped.",
        "Nothing to do: the next read starts over by itself.",
        Who.NOBODY,
        heals=True,
        page=DELTA_PAGE,
    ),
)

ENTRIES: Final = (*RIGHTS, *OBJECTS, *CONTENT, *SERVICE)
