"""Teams: who looks after the same customers. What a team sees is said by the customer groups linked to it."""

import uuid
from collections.abc import Collection
from typing import Final

from django.db import IntegrityError, transaction

from tenantry.audit import actions as audit
from tenantry.audit.actions import About
from tenantry.kit import clock
from tenantry.kit.actor import Actor
from tenantry.kit.errors import Invalid, NotHere
from tenantry.technicians.access import require_permission
from tenantry.technicians.actions import about
from tenantry.technicians.events import TechnicianEvent
from tenantry.technicians.models import Team, Technician
from tenantry.technicians.permissions import Permission
from tenantry.technicians.staff.locking import lock_people, require_all
from tenantry.technicians.staff.policies import may_place

NAME_LENGTH: Final = 100


def create_team(*, actor: Actor, technician: Technician, name: str) -> Team:
    """Make a team without members.

    Raises:
        NotAllowed, Invalid: no name, or a taken one.
    """
    require_permission(technician, Permission.TEAMS_MANAGE)
    name = _clean(name)
    try:
        with transaction.atomic():
            team = Team.objects.create(name=name, created_at=clock.now())
            _record(actor, TechnicianEvent.TEAM_CREATED, team, f"The team {name} was made.")
    except IntegrityError as error:
        raise _taken(name) from error
    return team


def change_team(
    *,
    actor: Actor,
    technician: Technician,
    team_id: uuid.UUID,
    name: str,
    sees_everything: bool,
    member_ids: Collection[uuid.UUID],
) -> Team:
    """Rename a team, choose its members, and whether it sees every customer.

    Raises:
        NotHere: there is no such team.
        NotAllowed: somebody who may do more than oneself is put in or taken out.
        Invalid: no name, a taken one, or a member who is gone.
    """
    require_permission(technician, Permission.TEAMS_MANAGE)
    name = _clean(name)
    try:
        with transaction.atomic():
            team = lock_team(team_id)
            before = _facts(team)
            old = set(team.members.values_list("pk", flat=True))
            new = set(Technician.objects.filter(pk__in=member_ids).values_list("pk", flat=True))
            if len(new) != len(set(member_ids)):
                raise Invalid("A member is gone. Choose again.", field="members")
            for person in Technician.objects.filter(pk__in=old ^ new):
                require_all(may_place(technician, person))
            team.name, team.sees_everything = name, sees_everything
            team.save(update_fields=["name", "sees_everything"])
            team.members.set(Technician.objects.filter(pk__in=new))
            after = _facts(team)
            if before != after:
                _record(
                    actor,
                    TechnicianEvent.TEAM_CHANGED,
                    team,
                    f"The team {name} was changed: {_words(before, after)}.",
                    before=before,
                    after=after,
                )
    except IntegrityError as error:
        raise _taken(name) from error
    return team


def delete_team(*, actor: Actor, technician: Technician, team_id: uuid.UUID) -> Team:
    """Delete a team. Its members keep their accounts and lose what they saw through it.

    Raises:
        NotHere, NotAllowed
    """
    require_permission(technician, Permission.TEAMS_MANAGE)
    with transaction.atomic():
        team = lock_team(team_id)
        for person in team.members.all():
            require_all(may_place(technician, person))
        before = _facts(team)
        _record(
            actor, TechnicianEvent.TEAM_DELETED, team, f"The team {team.name} was deleted.", before=before, after={}
        )
        team.delete()
    return team


def set_teams(
    *, actor: Actor, technician: Technician, target_id: uuid.UUID, team_ids: Collection[uuid.UUID]
) -> Technician:
    """Put a colleague into exactly these teams.

    Raises:
        NotHere, NotAllowed
        Invalid: a team is gone.
    """
    with transaction.atomic():
        people = lock_people(technician=technician, target_id=target_id)
        require_all(may_place(people.actor, people.target))
        teams = list(Team.objects.filter(pk__in=team_ids).order_by("name"))
        if len(teams) != len(set(team_ids)):
            raise Invalid("A team was deleted a moment ago. Choose again.", field="teams")
        before = list(people.target.teams.order_by("name").values_list("name", flat=True))
        after = [team.name for team in teams]
        if before != after:
            people.target.teams.set(teams)
            audit.record(
                actor=actor,
                action=TechnicianEvent.TEAMS_CHANGED,
                about=about(people.target),
                summary=f"Teams: {', '.join(before) or 'none'} → {', '.join(after) or 'none'}.",
                details={"before": {"teams": before}, "after": {"teams": after}},
            )
    return people.target


def lock_team(team_id: uuid.UUID) -> Team:
    """The team, locked until the transaction ends.

    Raises:
        NotHere: there is no such team.
    """
    team = Team.objects.select_for_update().filter(pk=team_id).first()
    if team is None:
        raise NotHere("There is no such team.")
    return team


def _clean(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid("Give the team a name.", field="name")
    if len(name) > NAME_LENGTH:
        raise Invalid(f"The name is too long: {NAME_LENGTH} characters at most.", field="name")
    return name


def _taken(name: str) -> Invalid:
    return Invalid(f"There is a team called {name} already.", field="name", code="duplicate")


def _facts(team: Team) -> dict[str, object]:
    return {
        "name": team.name,
        "sees_everything": team.sees_everything,
        "members": list(team.members.order_by("email").values_list("email", flat=True)),
    }


def _words(before: dict[str, object], after: dict[str, object]) -> str:
    words = {"name": "name", "sees_everything": "sees every customer", "members": "members"}
    return ", ".join(word for key, word in words.items() if before[key] != after[key])


def _record(
    actor: Actor,
    action: TechnicianEvent,
    team: Team,
    summary: str,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        actor=actor,
        action=action,
        about=About(target_kind="team", target_id=str(team.pk), target_name=team.name),
        summary=summary,
        details={} if before is None else {"before": before, "after": after or {}},
    )
