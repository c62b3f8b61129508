"""A tenant read into the mirror, with an ordinary user, an administrator and a Global Administrator; and colleagues."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.conftest import SharedClock
from tests.helpdesk.conftest import Place, place

if TYPE_CHECKING:
    from django.test import Client

    from tenantry.directory.models import DirectoryUser
    from tenantry.safeguards.models import ApprovalRequest
    from tenantry.technicians.models import Technician

__all__ = ["place"]


@dataclass
class Desk:
    """The place with its people: who asks, who decides, who is acted on."""

    place: Place
    owner: "Technician"
    administrator: "Technician"
    engineer: "Technician"
    help_desk: "Technician"
    dana: "DirectoryUser"
    admin: "DirectoryUser"
    boss: "DirectoryUser"

    def browser(self, technician: "Technician") -> "Client":
        from django.test import Client

        client = Client()
        client.force_login(technician, backend="django.contrib.auth.backends.ModelBackend")
        return client

    def url(self, user: "DirectoryUser", slug: str) -> str:
        from django.urls import reverse

        return reverse("helpdesk:confirm", args=(self.place.customer.pk, user.object_id, slug))

    def post(
        self, technician: "Technician", user: "DirectoryUser", slug: str = "reset-password", **fields: str
    ) -> tuple[int, str]:
        """Open the page that asks and send its form; status and where it leads (or the page)."""
        client = self.browser(technician)
        page = client.get(self.url(user, slug))
        form = page.context.get("form") if page.context else None
        token = form.initial.get("confirmation") if form is not None else ""
        data = {"confirmation": token, "justification": "Forgotten password", "source": "words", **fields}
        answer = client.post(self.url(user, slug), data)
        return answer.status_code, answer.headers.get("Location", "") or answer.content.decode()

    def request(
        self, technician: "Technician", user: "DirectoryUser", slug: str = "reset-password"
    ) -> "ApprovalRequest":
        """Ask for an approval through the screen."""
        from tenantry.safeguards.models import ApprovalRequest

        status, where = self.post(technician, user, slug)
        assert status == 302, where[:2000]
        assert where.startswith("/approvals/"), where
        return ApprovalRequest.objects.get(pk=uuid.UUID(where.split("/")[2]))


@pytest.fixture
def desk(place: Place, clock: SharedClock) -> Iterator[Desk]:
    from tenantry.directory.models import RoleHolding
    from tenantry.reach import roles
    from tenantry.safeguards.models import StoredRule
    from tenantry.technicians.models import Team, Technician
    from tenantry.tenants.models import Connection

    tag = uuid.uuid4().hex[:8]
    team = Team.objects.create(name=f"Desk {tag}", sees_everything=True, created_at=clock.now())

    def person(role: str) -> Technician:
        made = Technician.objects.create_user(
            f"{role}-{tag}@harbour-it.example",
            display_name=f"{role.replace('_', ' ').title()} {tag}",
            role=role,
            created_at=clock.now(),
        )
        team.members.add(made)
        return made

    def user(name: str, role_id: str = "") -> "DirectoryUser":
        made = place.add_user(name)
        if role_id:
            place.tenant.assign_role(str(made.object_id), role_id)
            RoleHolding.objects.create(
                tenant_id=place.tenant_id,
                principal_id=made.object_id,
                role_template_id=uuid.UUID(role_id),
                role_name=roles.role_name(role_id),
                directory_scope_id="/",
            )
        return made

    # The app reaches everybody, so that only our own rules stand in the way.
    place.tenant.assign_role(place.principal.id, roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR)
    Connection.objects.filter(pk=place.connection.pk).update(
        active_role_ids=[roles.USER_ADMINISTRATOR, roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR]
    )
    place.connection.refresh_from_db()
    yield Desk(
        place,
        person("owner"),
        person("administrator"),
        person("engineer"),
        person("help_desk"),
        user("Dana Doe"),
        user("Ada Admin", roles.USER_ADMINISTRATOR),
        user("Bea Boss", roles.GLOBAL_ADMINISTRATOR),
    )
    StoredRule.objects.all().delete()


@pytest.fixture
def run(run_jobs: Callable[[], None]) -> Callable[[], None]:
    """Run what waits."""
    return run_jobs
