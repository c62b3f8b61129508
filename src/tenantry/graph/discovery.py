"""Which tenant a domain belongs to, as Microsoft tells anybody who asks.

Source: "OpenID Connect on the Microsoft identity platform", the metadata document of a tenant named by its domain.
"""

import re
import uuid
from typing import Final
from urllib.parse import quote

import orjson
import urllib3
from django.conf import settings

from tenantry.graph import errors
from tenantry.graph.http import pool

_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def tenant_of_domain(domain: str, *, seconds: float = 2.0) -> uuid.UUID | None:
    """The tenant in which a domain is verified; None when Microsoft knows none in this cloud.

    Raises:
        TenantUnreachable: Microsoft gave no usable answer within `seconds`.
    """
    url = f"{settings.CLOUD.login_url}/{quote(domain, safe='')}/v2.0/.well-known/openid-configuration"
    try:
        answer = pool().request("GET", url, timeout=urllib3.Timeout(total=seconds))
    except urllib3.exceptions.HTTPError as error:
        raise errors.TenantUnreachable(f"Microsoft cannot be reached ({type(error).__name__}).") from error
    if answer.status in {400, 404}:
        return None
    try:
        issuer = str(orjson.loads(answer.data)["issuer"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise errors.TenantUnreachable("Microsoft's answer about the domain is not readable.") from error
    found = _GUID.search(issuer)
    return uuid.UUID(found.group()) if found else None
