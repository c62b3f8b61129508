"""Collections page by page, so that memory does not grow with the tenant."""

import dataclasses
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from tenantry.graph import transport
from tenantry.graph.apps import App
from tenantry.graph.tokens import Via


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """One page: its rows, and the delta link when it is the last one of a delta round."""

    rows: list[dict[str, Any]]
    delta_link: str = ""


def pages(
    tenant_id: uuid.UUID,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    patience: float = transport.PATIENT,
    via: Via = App.HELPDESK,
) -> Iterator[Page]:
    """Every page of a collection; next links are followed exactly as given."""
    first = transport.get(tenant_id, path, query=query, headers=headers, patience=patience, via=via)
    return _follow(tenant_id, first, patience, via)


def pages_from(
    tenant_id: uuid.UUID, url: str, *, patience: float = transport.PATIENT, via: Via = App.HELPDESK
) -> Iterator[Page]:
    """Every page from a kept nextLink or deltaLink on."""
    return _follow(tenant_id, transport.get_url(tenant_id, url, patience=patience, via=via), patience, via)


def rows(
    tenant_id: uuid.UUID,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    patience: float = transport.PATIENT,
    via: Via = App.HELPDESK,
) -> Iterator[dict[str, Any]]:
    """Every row of a collection."""
    for page in pages(tenant_id, path, query=query, headers=headers, patience=patience, via=via):
        yield from page.rows


def _follow(tenant_id: uuid.UUID, answer: transport.Answer, patience: float, via: Via) -> Iterator[Page]:
    while True:
        yield Page(answer.json.get("value", []), answer.json.get("@odata.deltaLink", ""))
        following = answer.json.get("@odata.nextLink")
        if not following:
            return
        answer = transport.get_url(tenant_id, following, patience=patience, via=via)
