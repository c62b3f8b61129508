"""Why an administrator's sign-in gave no token, in words."""

from typing import Final

from tenantry.graph import errors
from tenantry.graph.explained import explain

_BY_CODE: Final = {
    **dict.fromkeys(
        ("AADSTS90094", "AADSTS90093", "AADSTS90095", "AADSTS90097", "AADSTS65001"),
        (
            "this account may not allow an app to manage app registrations.",
            "Sign in as Application Administrator, Cloud Application Administrator or Global Administrator.",
        ),
    ),
    **dict.fromkeys(
        ("AADSTS65004", "access_denied"),
        ("it was declined.", "Start again and accept the permission that is asked for."),
    ),
    **dict.fromkeys(
        ("AADSTS50011", "AADSTS500113"),
        (
            "the registration does not know this console's address.",
            "Run `tenantry apps mend`, or add the redirect address by hand.",
        ),
    ),
    "state": ("the answer does not belong to this sign-in.", "Start again, and finish in the same browser."),
}


def words_of_sign_in(error: errors.GraphError) -> tuple[str, str]:
    """Cause and fix."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    told = explain(error)
    if isinstance(error, errors.OurCredential):
        return (
            f"{told.what} {told.why}" + (f" ({told.code})" if told.code else ""),
            "Run `tenantry apps mend` on the console's host; it signs in without it.",
        )
    if isinstance(error, errors.TenantUnreachable):
        return error.message, "Check the network, then try again."
    return f"{told.what} {told.why}" + (f" ({told.code})" if told.code else ""), told.fix
