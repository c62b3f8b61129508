"""Changing the mirror: ask for a read, take over what a read-back proved, forget a tenant."""

import uuid
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Case, F, When

from tenantry.directory import merge
from tenantry.directory.models import (
    DirectorySync,
    DirectoryUser,
    RoleGroup,
    RoleGroupMember,
    RoleHolding,
    TenantDomain,
    TenantLicence,
)
from tenantry.graph.calls.users import GroupOfUser, groups_of_user
from tenantry.kit import clock, jobs


def request_sync(*, tenant_id: uuid.UUID) -> None:
    """Read this tenant soon, its roles, licences and domains included; while a read runs, once more after it."""
    now = clock.now()
    with transaction.atomic():
        DirectorySync.objects.get_or_create(tenant_id=tenant_id)
        DirectorySync.objects.filter(tenant_id=tenant_id).update(
            requested_at=now, next_at=Case(When(leased_until__gt=now, then=F("next_at")), default=now)
        )
        enqueue_read(tenant_id=tenant_id)


def enqueue_read(*, tenant_id: uuid.UUID) -> None:
    """Put in the job that reads a tenant; one that waits will do.

    No job lock: the lease on the row keeps two workers apart and, unlike a lock, runs out when a worker is killed.
    """
    jobs.enqueue("directory.sync", once=f"directory:{tenant_id}", tenant_id=str(tenant_id))


def apply_user_facts(*, tenant_id: uuid.UUID, object_id: uuid.UUID, facts: dict[str, Any]) -> None:
    """Take over what was just read of a user, so that the list shows it before the next round.

    Args:
        tenant_id: the user's tenant.
        object_id: the user.
        facts: a part of Graph's user JSON; what is not in it stays as it is.
    """
    page = orjson.dumps({"value": [{**facts, "id": str(object_id)}]}).decode()
    with transaction.atomic():
        sync = DirectorySync.objects.select_for_update().filter(tenant_id=tenant_id).first()
        if sync is not None:
            merge.merge(tenant_id=tenant_id, page=page, generation=sync.generation, now=clock.now(), is_partial=True)


def forget_tenant(*, tenant_id: uuid.UUID) -> None:
    """Remove the mirror of a tenant; a read that runs now finds its lease gone and leaves nothing behind."""
    with transaction.atomic():
        # The sync row first: a merge holds it, so none can add users behind our back.
        DirectorySync.objects.filter(tenant_id=tenant_id).delete()
        DirectoryUser.objects.filter(tenant_id=tenant_id).delete()
        RoleHolding.objects.filter(tenant_id=tenant_id).delete()
        RoleGroupMember.objects.filter(tenant_id=tenant_id).delete()
        RoleGroup.objects.filter(tenant_id=tenant_id).delete()
        TenantDomain.objects.filter(tenant_id=tenant_id).delete()
        TenantLicence.objects.filter(tenant_id=tenant_id).delete()


def read_groups_of_user(*, tenant_id: uuid.UUID, object_id: uuid.UUID) -> list[GroupOfUser]:
    """Every group of a user by name, read from Microsoft now while somebody waits; nothing of it is kept.

    Raises:
        GraphError: any leaf but UnknownOutcome.
    """
    rows = groups_of_user(tenant_id=tenant_id, object_id=object_id)
    return sorted(rows, key=lambda group: (group.display_name.lower(), group.group_id))
