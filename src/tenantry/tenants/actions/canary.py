"""Running the canary account: each write recorded before, read back after, and the account gone at the end.

The row is written before the account is made, and holds its sign-in name. Whatever stops a run, the sweep finds the row
again and goes straight to the end: it looks the account up by that name and deletes it, until a read shows it gone.
"""

import datetime as dt
import secrets
import uuid
from collections.abc import Callable
from typing import Final

from django.db import DatabaseError, transaction

from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.audit.models import Result
from tenantry.customers.queries import get_customer
from tenantry.graph import errors
from tenantry.graph.calls import accounts, sign_in
from tenantry.kit import clock, jobs
from tenantry.kit.actor import Actor
from tenantry.kit.errors import NotAllowed, require
from tenantry.kit.intent import Intent
from tenantry.kit.sealed import Secret
from tenantry.technicians.models import Technician
from tenantry.tenants.actions.noting import note_refused, note_worked
from tenantry.tenants.actions.settling import locked_of_customer
from tenantry.tenants.events import TenantEvent
from tenantry.tenants.models import AppKind, CanaryRun
from tenantry.tenants.policies import CANARY_LABELS, CanaryStep, Wish, may_run_canary
from tenantry.tenants.queries import canary_is_running, connection_of, connection_to, facts_of, wishes_of

CANARY_JOB: Final = "tenants.canary"
LEASE: Final = dt.timedelta(minutes=3)
_READS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each read that may prove a step; a new account is known everywhere within them as a rule."""
_NEW_ACCOUNT_TRIES: Final = 5
_PAUSE: Final = dt.timedelta(seconds=30)
_LONGEST_PAUSE: Final = dt.timedelta(hours=1)


def start_canary(
    *, actor: Actor, technician: Technician, customer_id: uuid.UUID, tenant_id: uuid.UUID, is_confirmed: bool
) -> uuid.UUID:
    """Begin a run, with the technician's yes.

    Raises:
        NotHere: no such customer, or it is not connected.
        Conflict: connected to another tenant than the form says.
        NotAllowed: not confirmed, or it cannot be run, with the reason.
    """
    get_customer(technician=technician, customer_id=customer_id)
    if not is_confirmed:
        raise NotAllowed("Tick the box: an account is made in the customer's tenant.", code="not_confirmed")
    now = clock.now()
    with transaction.atomic():
        connection = locked_of_customer(customer_id=customer_id, tenant_id=tenant_id)
        elevation = connection_of(customer_id, app=AppKind.ELEVATION)
        require(
            may_run_canary(
                facts_of(connection),
                connection.state,
                facts_of(elevation) if elevation else None,
                is_running=canary_is_running(tenant_id),
            )
        )
        run = CanaryRun.objects.create(
            tenant_id=tenant_id,
            customer_id=customer_id,
            technician_id=actor.id,
            technician_name=actor.name,
            sign_in_name=f"tenantry-canary-{secrets.token_hex(6)}",
            wishes=sorted(wishes_of(connection)),
            started_at=now,
            next_at=now,
        )
        enqueue_canary(run.pk)
    return run.pk


def enqueue_canary(run_id: uuid.UUID) -> None:
    """Put the run in, one job at a time."""
    name = f"{CANARY_JOB}:{run_id}"
    jobs.enqueue(CANARY_JOB, lock=name, once=name, run_id=str(run_id))


def run_canary(*, run_id: uuid.UUID) -> None:
    """Take a run on if it is due: from the beginning once, and ever after only to remove its account."""
    now = clock.now()
    taken = CanaryRun.objects.filter(pk=run_id, finished_at=None, next_at__lte=now).update(next_at=now + LEASE)
    if not taken:
        return
    run = CanaryRun.objects.get(pk=run_id)
    runner = _Runner(run)
    if not run.steps:
        runner.prove()
    runner.clean()


class _Failed(Exception):
    """A step failed; the rest of the run is given up, and the account is removed."""


class _Runner:
    def __init__(self, run: CanaryRun) -> None:
        self.run = run
        self.actor = Actor("technician", run.technician_id, run.technician_name)

    # --- the proof

    def prove(self) -> None:
        """Create, reset, unblock, revoke, block: each sent once and read back."""
        try:
            domain = accounts.domain_for_accounts(tenant_id=self.run.tenant_id)
        except errors.GraphError as error:
            self._note(CanaryStep.CREATED, "failed", str(error))
            return
        self.run.sign_in_name = f"{self.run.sign_in_name}@{domain}"
        self._note(CanaryStep.CREATED, "sent", "")  # committed before anything is sent: a crash finds the name
        try:
            object_id = self._create()
            before = self._facts(object_id)
            wishes = set(self.run.wishes)
            if Wish.RESET_USERS in wishes:
                self._reset(object_id, before)
            if Wish.BLOCK in wishes:
                self._enable(object_id, CanaryStep.UNBLOCKED)
            self._revoke(object_id)
            if Wish.BLOCK in wishes:
                self._enable(object_id, CanaryStep.BLOCKED)
        except _Failed:
            return
        except errors.GraphError as error:
            self._give_up(error)
            return
        note_worked(tenant_id=self.run.tenant_id, proof="A canary account proved each write, read back")

    def _create(self) -> uuid.UUID:
        name = self.run.sign_in_name
        self._do(
            CanaryStep.CREATED,
            lambda intent: _ignore(
                accounts.create_account(
                    intent=intent, sign_in_name=name, display_name="Tenantry canary", password=_password()
                )
            ),
            lambda: accounts.find_account(tenant_id=self.run.tenant_id, key=name) is not None,
        )
        found = accounts.find_account(tenant_id=self.run.tenant_id, key=name)
        if found is None:
            raise _Failed
        self.run.object_id = found.object_id
        self.run.save(update_fields=["object_id"])
        return found.object_id

    def _enable(self, object_id: uuid.UUID, step: CanaryStep) -> None:
        is_enabled = step is CanaryStep.UNBLOCKED
        self._do(
            step,
            lambda intent: sign_in.set_account_enabled(intent=intent, object_id=object_id, enabled=is_enabled),
            lambda: self._facts(object_id).account_enabled is is_enabled,
        )

    def _give_up(self, error: errors.GraphError) -> None:
        """A read between two steps failed: the step that would have come next is the one that failed."""
        following = next((step for step in CanaryStep if str(step) not in self.run.steps), CanaryStep.BLOCKED)
        self._note(following, "failed", str(error))

    def _reset(self, object_id: uuid.UUID, before: sign_in.SignInFacts) -> None:
        password = _password()
        clock.sleep(2.0)  # Microsoft keeps whole seconds, and a change in the same second would show nothing
        self._do(
            CanaryStep.RESET,
            lambda intent: sign_in.set_password(
                intent=intent, object_id=object_id, password=password, must_change=False
            ),
            lambda: _moved(before.last_password_change_at, self._facts(object_id).last_password_change_at),
        )

    def _revoke(self, object_id: uuid.UUID) -> None:
        before = self._facts(object_id)
        clock.sleep(2.0)
        self._do(
            CanaryStep.REVOKED,
            lambda intent: sign_in.revoke_sessions(intent=intent, object_id=object_id),
            lambda: _moved(before.sessions_valid_from_at, self._facts(object_id).sessions_valid_from_at),
        )

    def _facts(self, object_id: uuid.UUID) -> sign_in.SignInFacts:
        for pause in _READS[:_NEW_ACCOUNT_TRIES]:
            try:
                return sign_in.read_sign_in_facts(tenant_id=self.run.tenant_id, object_id=object_id)
            except errors.NotFound:  # not replicated yet
                clock.sleep(pause)
        return sign_in.read_sign_in_facts(tenant_id=self.run.tenant_id, object_id=object_id)

    def _do(self, step: CanaryStep, send: Callable[[Intent], None], is_proven: Callable[[], bool]) -> None:
        """Record, send once, read back.

        Raises:
            _Failed: refused, or not seen.
        """
        self.run.next_at = clock.now() + LEASE
        self.run.save(update_fields=["next_at"])
        try:
            intent = audit.begin(
                actor=self.actor,
                action=TenantEvent.CANARY,
                about=self._about(),
                justification="Canary account: proves writes end to end, removed at the end of the run.",
                summary=f"{CANARY_LABELS[step]}: {self.run.sign_in_name}",
                details={"run_id": str(self.run.pk), "step": str(step)},
                is_taking_back=step in {CanaryStep.BLOCKED, CanaryStep.DELETED, CanaryStep.PURGED},
            )
        except DatabaseError:
            self._note(step, "failed", "The record cannot be written, so nothing was sent.")
            raise _Failed from None
        problem: errors.GraphError | None = None
        try:
            send(intent)
        except errors.UnknownOutcome as error:
            problem = error  # reads decide
        except errors.GraphError as error:
            audit.close(intent, result=Result.REFUSED, summary=f"{CANARY_LABELS[step]}: {error}")
            self._note(step, "failed", str(error))
            if isinstance(error, errors.Refused) and step not in {CanaryStep.CREATED, CanaryStep.DELETED}:
                note_refused(tenant_id=self.run.tenant_id, error=error, predicted=True)
            raise _Failed from error
        for pause in _READS:
            clock.sleep(pause)
            try:
                if is_proven():
                    audit.close(intent, result=Result.DONE, summary=f"{CANARY_LABELS[step]}, read back.")
                    self._note(step, "done", "")
                    return
            except errors.GraphError as error:
                problem = error
        said = f" {problem}" if problem else ""
        audit.close(intent, result=Result.UNKNOWN, summary=f"{CANARY_LABELS[step]}: no read shows it.{said}")
        self._note(step, "unknown", f"No read shows it.{said}")
        raise _Failed

    # --- the end

    def clean(self) -> None:
        """Delete the account, and from the recycle bin; only a read ends the run. Otherwise the sweep comes back."""
        if "@" not in self.run.sign_in_name:  # nothing was ever sent
            self._finish()
            return
        try:
            self._remove()
        except (errors.GraphError, _Failed) as error:
            self.run.tries += 1
            pause = min(_PAUSE * 2 ** min(self.run.tries, 10), _LONGEST_PAUSE)
            self.run.next_at = clock.now() + pause
            self.run.note = f"The account {self.run.sign_in_name} is not proven gone. {error}".strip()[:300]
            self.run.save(update_fields=["tries", "next_at", "note"])
        else:
            self._finish()

    def _remove(self) -> None:
        tenant_id = self.run.tenant_id
        if connection_to(tenant_id, app=AppKind.ELEVATION) is None:
            raise _Failed("The elevation app is not connected any more: delete it in the Entra admin center.")
        found = accounts.find_account(tenant_id=tenant_id, key=self.run.sign_in_name)
        if found is None and self.run.object_id is None and self._was_sent_lately():
            raise _Failed("It may still appear: the answer to its creation was lost.")
        object_id = found.object_id if found else self.run.object_id
        if object_id is None:
            return
        if self.run.object_id is None:
            self.run.object_id = object_id
            self.run.save(update_fields=["object_id"])
        if found is not None:
            self._do(
                CanaryStep.DELETED,
                lambda intent: accounts.delete_account(intent=intent, object_id=object_id),
                lambda: accounts.find_account(tenant_id=tenant_id, key=str(object_id)) is None,
            )
        try:
            if accounts.is_in_recycle_bin(tenant_id=tenant_id, object_id=object_id):
                self._do(
                    CanaryStep.PURGED,
                    lambda intent: accounts.purge_account(intent=intent, object_id=object_id),
                    lambda: not accounts.is_in_recycle_bin(tenant_id=tenant_id, object_id=object_id),
                )
        except (errors.Refused, _Failed):
            # Not allowed here: blocked and deleted, it is removed by Microsoft itself after 30 days.
            self._note(CanaryStep.PURGED, "skipped", "Not allowed here; Microsoft removes it after 30 days.")

    def _was_sent_lately(self) -> bool:
        """Whether a creation may have happened that no read shows yet."""
        state = self.run.steps.get(CanaryStep.CREATED, {}).get("state")
        return state in {"sent", "unknown"} and clock.now() - self.run.started_at < dt.timedelta(minutes=10)

    def _finish(self) -> None:
        self.run.finished_at = clock.now()
        self.run.note = ""
        self.run.save(update_fields=["finished_at", "note"])

    def _note(self, step: CanaryStep, state: str, note: str) -> None:
        self.run.steps = {
            **self.run.steps,
            str(step): {"state": state, "at": clock.now().isoformat(), "note": note[:300]},
        }
        self.run.save(update_fields=["steps", "sign_in_name"])

    def _about(self) -> About:
        return About(
            customer_id=self.run.customer_id,
            customer_name=self.run.customer.name,
            tenant_id=self.run.tenant_id,
            target_kind="canary",
            target_id=str(self.run.pk),
            target_name=self.run.sign_in_name,
        )


def _moved(before: dt.datetime | None, after: dt.datetime | None) -> bool:
    return after is not None and (before is None or after > before)


def _password() -> Secret:
    """A password nobody is ever told."""
    return Secret(f"{secrets.token_urlsafe(36)}aA1!")


def _ignore(value: object) -> None:
    """The id in the answer is not needed: the account is found by its name, as after a crash."""
    del value
