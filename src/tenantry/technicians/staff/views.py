"""Pages about colleagues."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenantry.kit.errors import Invalid
from tenantry.kit.needs import needs
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import ABOUT, Permission
from tenantry.technicians.staff import changing, inviting, reading
from tenantry.technicians.staff import teams as team_actions
from tenantry.technicians.staff.forms import InviteForm, RoleForm, TeamsForm
from tenantry.technicians.staff.inviting import Invitation
from tenantry.technicians.staff.policies import may_manage, may_place
from tenantry.technicians.step_up import step_up


@needs(Permission.TECHNICIANS_READ)
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """Everybody who works here, and who is invited."""
    found = reading.list_people()
    context = {"people": found, "active": sum(person.technician.is_active for person in found)}
    return render(request, "technicians/people.html", context)


@needs(Permission.TECHNICIANS_MANAGE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@step_up
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody."""
    technician = technician_of(request)
    form = InviteForm(request.POST if request.method == "POST" else None, giver=technician)
    if request.method == "POST" and form.is_valid():
        try:
            invitation = inviting.invite(
                actor=actor_of(request),
                technician=technician,
                display_name=form.cleaned_data["display_name"],
                email=form.cleaned_data["email"],
                role=form.cleaned_data["role"],
                team_ids=form.cleaned_data["teams"],
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            return _show_invitation(request, invitation)
    context = {"form": form, "about_roles": {str(role): about for role, about in ABOUT.items()}}
    return render(request, "technicians/invite.html", context, status=400 if form.errors else 200)


@needs(Permission.TECHNICIANS_READ)
@require_GET
def person(request: HttpRequest, technician_id: uuid.UUID) -> HttpResponse:
    """One colleague: role, teams, how to end what they can do."""
    return _show(request, technician_id)


@needs(Permission.TECHNICIANS_MANAGE)
@require_POST
@step_up
def change_role(request: HttpRequest, technician_id: uuid.UUID) -> HttpResponse:
    """Give another role. What the form does not offer is refused by the action, with the reason."""
    changed = changing.change_role(
        actor=actor_of(request),
        technician=technician_of(request),
        target_id=technician_id,
        role=request.POST.get("role", ""),
    )
    messages.success(request, f"{changed.display_name} is {changed.get_role_display()} now.")
    return redirect("technicians:person", technician_id=technician_id)


@needs(Permission.TEAMS_MANAGE)
@require_POST
@step_up
def set_teams(request: HttpRequest, technician_id: uuid.UUID) -> HttpResponse:
    """Choose the teams of a colleague."""
    form = TeamsForm(request.POST)
    if not form.is_valid():
        return _show(request, technician_id, teams_form=form, status=400)
    changed = team_actions.set_teams(
        actor=actor_of(request),
        technician=technician_of(request),
        target_id=technician_id,
        team_ids=form.cleaned_data["teams"],
    )
    messages.success(request, f"The teams of {changed.display_name} are saved.")
    return redirect("technicians:person", technician_id=technician_id)


@needs(Permission.TECHNICIANS_MANAGE)
@require_POST
def end_sessions(request: HttpRequest, technician_id: uuid.UUID) -> HttpResponse:
    """Sign somebody out everywhere."""
    changed = changing.end_sessions(actor=actor_of(request), technician=technician_of(request), target_id=technician_id)
    messages.success(request, f"{changed.display_name} is signed out everywhere.")
    return redirect("technicians:person", technician_id=technician_id)


@needs(Permission.TECHNICIANS_MANAGE)
@require_POST
def deactivate(request: HttpRequest, technician_id: uuid.UUID) -> HttpResponse:
    """Switch somebody off."""
    changed = changing.deactivate(actor=actor_of(request), technician=technician_of(request), target_id=technician_id)
    messages.success(request, f"{changed.display_name} is switched off and signed out.")
    return redirect("technicians:person", technician_id=technician_id)


@needs(Permission.TECHNICIANS_MANAGE)
@never_cache
@require_POST
@step_up
def reactivate(request: HttpRequest, technician_id: uuid.UUID) -> HttpResponse:
    """Let somebody back in, through a link."""
    invitation = inviting.reactivate(
        actor=actor_of(request), technician=technician_of(request), target_id=technician_id
    )
    return _show_invitation(request, invitation)


@needs(Permission.TECHNICIANS_MANAGE)
@never_cache
@require_POST
@step_up
def renew_invitation(request: HttpRequest, technician_id: uuid.UUID) -> HttpResponse:
    """Make a new link; the old one dies."""
    invitation = inviting.renew_invitation(
        actor=actor_of(request), technician=technician_of(request), target_id=technician_id
    )
    return _show_invitation(request, invitation)


@needs(Permission.TECHNICIANS_MANAGE)
@require_POST
def withdraw(request: HttpRequest, technician_id: uuid.UUID) -> HttpResponse:
    """Take an invitation back."""
    gone = inviting.withdraw_invitation(
        actor=actor_of(request), technician=technician_of(request), target_id=technician_id
    )
    messages.success(request, f"The invitation of {gone.display_name} was withdrawn.")
    return redirect("technicians:people")


def _show_invitation(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """Where a mail took the link along, say so; else show it this once."""
    if invitation.is_mailed:
        messages.success(request, f"The invitation was sent to {invitation.technician.email}.")
        return redirect("technicians:person", technician_id=invitation.technician.pk)
    return render(
        request,
        "technicians/invited.html",
        {"technician": invitation.technician, "link": invitation.link.reveal(), "trouble": invitation.trouble},
    )


def _show(
    request: HttpRequest, technician_id: uuid.UUID, *, teams_form: TeamsForm | None = None, status: int = 200
) -> HttpResponse:
    me, found = technician_of(request), reading.get_person(technician_id)
    target = found.technician
    context = {
        "person": found,
        "technician": target,
        "managing": may_manage(me, target),
        "placing": may_place(me, target),
        "role_form": RoleForm(giver=me, is_service=target.is_service, initial={"role": target.role}),
        "teams_form": teams_form or TeamsForm(initial={"teams": [str(team.pk) for team in found.teams]}),
        "about_roles": {str(role): about for role, about in ABOUT.items()},
    }
    return render(request, "technicians/person.html", context, status=status)
