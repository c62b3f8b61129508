"""What the catalogue is made of: an entry for each meaning of a code, and who must act."""

import dataclasses
import enum
import re
from typing import Final


class Who(enum.StrEnum):
    """Who must act, as it stands in a sentence."""

    OPERATOR = "you, who run this console"
    TECHNICIAN = "you"
    GLOBAL_ADMIN = "a Global Administrator of the customer"
    ROLE_ADMIN = "a Global Administrator or Privileged Role Administrator of the customer"
    CONDITIONAL_ACCESS_ADMIN = "a Conditional Access Administrator or Global Administrator of the customer"
    UNIT_ADMIN = "an administrator whose role is scoped to that unit"
    CUSTOMER = "the customer"
    SIGNING_IN = "whoever signs in"
    NOBODY = "nobody"


class Basis(enum.StrEnum):
    """Where the meaning of a code comes from."""

    DOCUMENTED = "documented by Microsoft"
    SEEN = "seen from the service, not on Microsoft's pages"


CODES_PAGE: Final = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
CONSENT_PAGE: Final = "https://learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent"
CLIENT_CREDENTIALS_PAGE: Final = "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"
ERRORS_PAGE: Final = "https://learn.microsoft.com/graph/errors"
THROTTLING_PAGE: Final = "https://learn.microsoft.com/graph/throttling"
DELTA_PAGE: Final = "https://learn.microsoft.com/graph/delta-query-overview"
USER_UPDATE_PAGE: Final = "https://learn.microsoft.com/graph/api/user-update"
UNITS_PAGE: Final = (
    "https://learn.microsoft.com/entra/identity/role-based-access-control/admin-units-restricted-management"
)
PASS_PAGE: Final = (
    "https://learn.microsoft.com/entra/identity/authentication/howto-authentication-temporary-access-pass"  # noqa: S105  a page
)
GROUPS_PAGE: Final = "https://learn.microsoft.com/entra/identity/role-based-access-control/groups-concept"
ROLES_PAGE: Final = "https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions"
ASSIGN_PAGE: Final = "https://learn.microsoft.com/graph/api/rbacapplication-post-roleassignments"
PIM_PAGE: Final = "https://learn.microsoft.com/graph/api/resources/privilegedidentitymanagementv3-overview"
PIM_LICENCE_PAGE: Final = "https://learn.microsoft.com/entra/id-governance/licensing-fundamentals"


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One meaning of one or several codes.

    Attributes:
        codes: the codes as they are shown, e.g. "AADSTS65001" or "Request_BadRequest".
        what: what happened, one sentence.
        why: why; `{said}` stands for Microsoft's own words.
        fix: what to do about it.
        who: who must do it.
        heals: waiting helps: it goes away by itself.
        pattern: regular expression that must be found in Microsoft's message (case does not matter), for codes that
            mean several things; empty matches every message.
        when: what tells this meaning from others of the same code, for the printed catalogue.
        basis: whether Microsoft documents it.
        page: the page of Microsoft's it comes from, or the nearest one.
    """

    codes: tuple[str, ...]
    what: str
    why: str
    fix: str
    who: Who
    heals: bool = dataclasses.field(default=False, kw_only=True)
    pattern: str = dataclasses.field(default="", kw_only=True)
    when: str = dataclasses.field(default="", kw_only=True)
    basis: Basis = dataclasses.field(default=Basis.DOCUMENTED, kw_only=True)
    page: str = dataclasses.field(default=CODES_PAGE, kw_only=True)

    @property
    def why_printed(self) -> str:
        """`why` where there is no message to quote."""
        return self.why.replace("{said}", "(its own words).")

    def means(self, message: str) -> bool:
        """Whether a message of Microsoft's has this meaning."""
        return not self.pattern or re.search(self.pattern, message, re.IGNORECASE) is not None


def aadsts(*numbers: int) -> tuple[str, ...]:
    """The codes of Microsoft's sign-in service with these numbers."""
    return tuple(f"AADSTS{number}" for number in numbers)
