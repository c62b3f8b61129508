"""What the customer's page shows of a connection, put together from the database alone: no poll asks Microsoft."""

import dataclasses
import datetime as dt
import hashlib
import math

from django.conf import settings

from tenantry.customers.queries import Customer
from tenantry.directory.queries import SyncSummary, sync_summary
from tenantry.graph.apps import App, registration
from tenantry.kit import clock
from tenantry.kit.decision import Decision
from tenantry.kit.errors import NotHere
from tenantry.reach import permissions, roles
from tenantry.reach.permissions import Permission
from tenantry.tenants.models import (
    AppKind,
    CanaryRun,
    Connection,
    ConnectionState,
    ConsentAttempt,
    ConsentOutcome,
    Farewell,
    Premium,
    RolePath,
)
from tenantry.tenants.policies import (
    CANARY_LABELS,
    IN_MOTION,
    NEEDS_SOMEBODY,
    ConsentEnd,
    Difference,
    Facts,
    FeatureRow,
    GroupStanding,
    Line,
    Neighbour,
    PimView,
    Remnant,
    RoleRules,
    RoleState,
    Standing,
    Step,
    board,
    checklist,
    difference,
    feature_rows,
    may_run_canary,
    next_state,
    words_of,
)
from tenantry.tenants.queries import connection_of, facts_of, latest_attempt, pim_view, wishes_of
from tenantry.tenants.queries.listing import STATE_KINDS

_NOT_CONNECTED = Standing(ConnectionState.NOT_CONNECTED)
_FAST_SECONDS = 2
_SLOW_SECONDS = 10
_FRESH_FOR = dt.timedelta(hours=1)
_LOOK_PENDING_FOR = dt.timedelta(minutes=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Credential:
    """How we sign in to Microsoft.

    Attributes:
        kind: "certificate" or "client secret", empty when none is set.
        days_left: until it expires; None when that cannot be known here.
    """

    kind: str
    days_left: int | None

    @property
    def is_ending(self) -> bool:
        """Whether it needs renewing within a month."""
        return self.days_left is not None and self.days_left <= 30  # noqa: PLR2004  the month of the docstring


def credential() -> Credential:
    """Our credential as set, without showing any of it."""
    ours = registration(App.HELPDESK).credential
    certificate = ours.certificate
    if certificate is not None:
        left = certificate.not_valid_after_utc - clock.now()
        return Credential("certificate", math.floor(left / dt.timedelta(days=1)))
    return Credential("client secret" if ours.is_set else "", None)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A customer's connection for the screen."""

    customer: Customer
    connection: Connection | None
    attempt: ConsentAttempt | None
    now: dt.datetime
    sync: SyncSummary | None = None
    facts: Facts | None = None
    standing: Standing = _NOT_CONNECTED
    by_role: Standing = _NOT_CONNECTED  # as if every permission were there and the tenant in reach
    features: tuple[FeatureRow, ...] = ()
    lines: tuple[Line, ...] = ()  # the readiness board of the customer; empty for the elevation app's own overview
    steps: tuple[Step, ...] = ()
    elevation: "Overview | None" = None  # of a help-desk connection: the elevation app's, where it is wanted (AC-2.5)

    @property
    def kind(self) -> str:
        """The component kind of the state."""
        return STATE_KINDS[self.standing.state]

    @property
    def word(self) -> str:
        """The state in words."""
        return str(self.standing.state.label)

    @property
    def end(self) -> ConsentEnd | None:
        """The last round trip to Microsoft in words; None when there is nothing to tell."""
        if self.attempt is None:
            return None
        words = words_of(ConsentOutcome(self.attempt.outcome))
        if self.attempt.outcome == ConsentOutcome.VERIFYING:
            return words
        return dataclasses.replace(words, message=self.attempt.message, remedy=self.attempt.remedy)

    @property
    def is_asked(self) -> bool:
        """Whether the round trip waits for a technician's yes or no."""
        return (
            self.connection is None
            and self.attempt is not None
            and self.attempt.outcome in {ConsentOutcome.UNEXPECTED_TENANT, ConsentOutcome.EARLIER_CONSENT}
        )

    @property
    def is_verifying(self) -> bool:
        """Whether a consent is being read back."""
        return self.attempt is not None and self.attempt.outcome == ConsentOutcome.VERIFYING

    @property
    def needs_somebody(self) -> bool:
        """Whether a person must act before more works."""
        return self.standing.state in NEEDS_SOMEBODY

    @property
    def is_set_up(self) -> bool:
        """Whether the checklist is through."""
        return any(step.key == "wait" and step.is_done for step in self.steps)

    @property
    def is_fresh(self) -> bool:
        """Whether the checklist is still what the page is about: not through, or through only just now."""
        seen_at = self.facts.role_seen_at if self.facts else None
        return not self.is_set_up or self.needs_somebody or seen_at is None or self.now - seen_at < _FRESH_FOR

    @property
    def steps_done(self) -> int:
        """How many of the steps before the last a read has proven."""
        return sum(step.is_done for step in self.steps[:-1])

    @property
    def steps_to_prove(self) -> int:
        """How many steps a read can prove."""
        return len(self.steps) - 1

    @property
    def app(self) -> App:
        """Which of our apps this is about."""
        return App(self.connection.app) if self.connection else App.HELPDESK

    @property
    def pim(self) -> PimView | None:
        """Whether PIM is on in the tenant (J4)."""
        return pim_view(self.connection.tenant) if self.connection else None

    @property
    def farewells(self) -> list[tuple[Farewell, list[Remnant]]]:
        """What apps that were disconnected have left in their tenant, the newest first."""
        rows = Farewell.objects.filter(customer_id=self.customer.pk, dismissed_at=None).order_by("-said_at")
        return [(row, list(map(Remnant.from_json, row.remaining))) for row in rows[:4]]

    @property
    def neighbours(self) -> list[Neighbour]:
        """Enterprise apps beside ours that somebody should review (J8), the look-alikes first."""
        kept = self.connection.tenant.neighbours if self.connection else []
        found = [neighbour for neighbour in map(Neighbour.from_json, kept) if neighbour.is_leftover]
        return sorted(found, key=lambda neighbour: (not neighbour.is_look_alike, neighbour.name.casefold()))

    @property
    def path(self) -> RolePath:
        """The road on which the role is to come."""
        return self.facts.path if self.facts else RolePath.DIRECT

    @property
    def premium(self) -> Premium:
        """Whether the tenant may make role-assignable groups."""
        return Premium(self.connection.tenant.premium) if self.connection else Premium.UNKNOWN

    @property
    def rules(self) -> RoleRules | None:
        """What the wanted role's policy demands of an active assignment."""
        return self.facts.rules if self.facts else None

    @property
    def longest_days(self) -> int:
        """The longest active assignment that the role's policy allows, in whole days; 0 when it may be permanent."""
        if self.rules is None or self.rules.allows_permanent:
            return 0
        return math.floor(self.rules.maximum_days)

    @property
    def suggested_justification(self) -> str:
        """A text for the justification that PIM asks for (AC-3.1)."""
        work = "gives just-in-time rights" if self.app is App.ELEVATION else "resets passwords and blocks sign-in"
        return f"{self.facts.app_name if self.facts else 'The enterprise app'} {work} for our managed service provider."

    @property
    def role_ends_at(self) -> dt.datetime | None:
        """When the role ends by itself; None when it does not (AC-3.2)."""
        best = self.facts.role.best if self.facts else None
        return best.ends_at if best is not None and best.is_active else None

    @property
    def role_via(self) -> str:
        """The group through which the role is in force; empty when it is direct."""
        best = self.facts.role.best if self.facts else None
        return best.group_name if best is not None and best.is_active else ""

    @property
    def role_is_eligible_only(self) -> bool:
        """Whether the role is there but only eligible (AC-3.2)."""
        return self.facts is not None and self.facts.role.state is RoleState.ELIGIBLE_ONLY

    @property
    def group_name(self) -> str:
        """The name of the role-assignable group."""
        return self.facts.group_name if self.facts else ""

    @property
    def group(self) -> GroupStanding | None:
        """How the path by group stands."""
        return self.facts.group if self.facts else None

    @property
    def wanted_role(self) -> str:
        """The display name of the chosen role."""
        return self.facts.wanted_role if self.facts else ""

    @property
    def roles_seen(self) -> list[str]:
        """Display names of the roles held tenant-wide."""
        return (
            sorted(map(self.facts.role_title, self.connection.active_role_ids))
            if self.connection and self.facts
            else []
        )

    @property
    def roles_at_connect(self) -> list[str]:
        """Display names of the roles it held before we connected."""
        return sorted(map(roles.role_name, self.connection.roles_at_connect)) if self.connection else []

    @property
    def unit_roles_seen(self) -> list[str]:
        """Roles that are limited to a unit, in words."""
        if self.connection is None:
            return []
        names = self.connection.unit_names
        return sorted(
            f"{roles.role_name(role_id)}, limited to unit “{names.get(unit) or unit}”"
            for unit, held in self.connection.unit_roles.items()
            for role_id in held
        )

    @property
    def has_older_name(self) -> bool:
        """Whether the enterprise app stands in the tenant under another name than ours."""
        name = self.connection.app_display_name if self.connection else ""
        return bool(name) and name != registration(self.app).name

    @property
    def required(self) -> frozenset[str]:
        """Names of the permissions that the wanted features need of the app."""
        return self.facts.required if self.facts else permissions.required_of(self.app)

    @property
    def granted(self) -> tuple[Permission, ...]:
        """What was granted of what we ask for."""
        have = self.facts.granted if self.facts else frozenset()
        return tuple(permission for permission in permissions.wanted(self.required) if permission.name in have)

    @property
    def missing(self) -> tuple[Permission, ...]:
        """What we ask for and was not granted."""
        return permissions.missing(self.facts.granted, required=self.required) if self.facts else ()

    @property
    def surplus(self) -> tuple[str, ...]:
        """What was granted and we do not ask for."""
        return permissions.surplus(self.facts.granted, required=self.required) if self.facts else ()

    @property
    def credential(self) -> Credential:
        """How we sign in."""
        return credential()

    @property
    def roles_page(self) -> str:
        """The tenant's "Roles and administrators" in the admin center."""
        return settings.CLOUD.portal_roles_url(self.connection.tenant_id) if self.connection else ""

    @property
    def groups_page(self) -> str:
        """The tenant's "Groups" in the admin center."""
        return settings.CLOUD.portal_groups_url(self.connection.tenant_id) if self.connection else ""

    @property
    def is_looking(self) -> bool:
        """Whether a look was asked for and has not ended."""
        row = self.connection
        if row is None or row.check_requested_at is None or self.now - row.check_requested_at > _LOOK_PENDING_FOR:
            return False
        return row.checked_at is None or row.checked_at < row.check_requested_at

    @property
    def poll_seconds(self) -> int:
        """How often the page looks again; 0 when nothing is going to change by itself."""
        if self.is_verifying or self.is_looking or self.standing.state in IN_MOTION:
            return _FAST_SECONDS
        if self.sync is not None and self.sync.is_reading:
            return _FAST_SECONDS
        return _SLOW_SECONDS if self.needs_somebody else 0

    @property
    def version(self) -> str:
        """Changes exactly when the panel must be drawn anew; starts with the state."""
        row = self.connection
        parts = [
            self.customer.name,
            self.customer.domain,
            self.customer.state,
            str(self.standing),
            *((self.attempt.pk, self.attempt.outcome) if self.attempt else ()),
            *((row.pk, row.app_display_name, row.wanted_role_id, row.consented_at, row.role_seen_at) if row else ()),
            *((row.permission_ids, row.active_role_ids, row.unit_roles, row.tenant.primary_domain) if row else ()),
            *((row.path, row.holdings, row.groups, row.role_rules, row.group_name) if row else ()),
            *((row.tenant.neighbours,) if row else ()),
            *((row.tenant.pim_status, row.tenant.pim_reason, row.tenant.premium) if row else ()),
            self.elevation.version if self.elevation else "",
            *(step.kind for step in self.steps),
            *(feature.word for feature in self.features),
            *(f"{line.state} {line.word} {line.cause}" for line in self.lines),
            *((row.reduction_asked_at, row.tenant.is_jit_wanted) if row else ()),
            self.is_looking,
            self.poll_seconds,
            *((self.sync.state, self.sync.users, self.sync.users_read, self.sync.finished_at) if self.sync else ()),
        ]
        digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:16]
        return f"{self.standing.state}-{digest}"


def overview_of(customer: Customer) -> Overview:
    """The customer's connection as it stands now."""
    connection = connection_of(customer.pk)
    attempt = latest_attempt(customer.pk)
    if connection is None:
        return Overview(customer=customer, connection=None, attempt=attempt, now=clock.now())
    return _of_connection(customer, connection, attempt)


def overview_of_app(customer: Customer, app: AppKind) -> Overview:
    """The connection of one of our apps alone.

    Raises:
        NotHere: there is none.
    """
    connection = connection_of(customer.pk, app=app)
    if connection is None:
        raise NotHere("This customer has no such connection.")
    return _of_connection(customer, connection, None)


def _of_connection(customer: Customer, connection: Connection, attempt: ConsentAttempt | None) -> Overview:
    now = clock.now()
    facts = facts_of(connection)
    is_helpdesk = connection.app == AppKind.HELPDESK
    elevation = connection_of(customer.pk, app=AppKind.ELEVATION) if is_helpdesk else None
    return Overview(
        customer=customer,
        connection=connection,
        attempt=attempt,
        now=now,
        sync=sync_summary(connection.tenant_id) if is_helpdesk else None,
        facts=facts,
        standing=next_state(facts, now),
        by_role=next_state(dataclasses.replace(facts, required=frozenset(), trouble=None, app_is_enabled=True), now),
        features=feature_rows(facts, now),
        lines=board(facts, facts_of(elevation) if elevation else None, wishes_of(connection), now)
        if is_helpdesk
        else (),
        steps=checklist(facts, now, premium=Premium(connection.tenant.premium)),
        elevation=_of_connection(customer, elevation, None) if elevation is not None else None,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class AppDifference:
    """What one of our apps holds in a tenant, beside what is needed of it.

    Attributes:
        connection: the app's connection.
        found: the difference, both ways.
        is_asked: somebody asked for the reduction, and it is not done yet.
    """

    connection: Connection
    found: Difference
    is_asked: bool

    @property
    def app_label(self) -> str:
        """Which of our apps, in words."""
        return AppKind(self.connection.app).label


def differences_of(customer: Customer) -> list[AppDifference]:
    """What each of our apps holds in the customer's tenant, measured against the least that the wishes need."""
    base = connection_of(customer.pk)
    if base is None:
        return []
    wishes = wishes_of(base)
    found = [AppDifference(base, difference(facts_of(base), wishes), base.reduction_asked_at is not None)]
    elevation = connection_of(customer.pk, app=AppKind.ELEVATION)
    if elevation is not None:
        measured = difference(facts_of(elevation), wishes)
        found.append(AppDifference(elevation, measured, elevation.reduction_asked_at is not None))
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class CanaryLine:
    """One step of a canary run for the screen."""

    label: str
    kind: str
    word: str
    at: dt.datetime
    note: str


_CANARY_WORDS = {
    "done": ("good", "Read back"),
    "sent": ("wait", "Under way"),
    "unknown": ("bad", "Unknown"),
    "failed": ("bad", "Failed"),
    "skipped": ("mute", "Not done"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class CanaryView:
    """The canary account of a customer: whether a run may begin, and the last run."""

    decision: Decision
    run: CanaryRun | None
    lines: list[CanaryLine]


def canary_of(customer: Customer) -> CanaryView | None:
    """The canary account for the screen; None when the customer is not connected."""
    base = connection_of(customer.pk)
    if base is None:
        return None
    elevation = connection_of(customer.pk, app=AppKind.ELEVATION)
    run = CanaryRun.objects.filter(tenant_id=base.tenant_id).order_by("-started_at").first()
    decision = may_run_canary(
        facts_of(base),
        base.state,
        facts_of(elevation) if elevation else None,
        is_running=run is not None and run.finished_at is None,
    )
    lines = []
    for step, label in CANARY_LABELS.items():
        kept = run.steps.get(step) if run else None
        if kept:
            kind, word = _CANARY_WORDS[kept["state"]]
            lines.append(CanaryLine(label, kind, word, dt.datetime.fromisoformat(kept["at"]), kept["note"]))
    return CanaryView(decision, run, lines)
