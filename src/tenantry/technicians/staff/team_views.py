"""Pages about teams."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tenantry.customers.groups import reading as groups
from tenantry.kit.errors import Invalid
from tenantry.kit.needs import needs
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.staff import reading
from tenantry.technicians.staff import teams as actions
from tenantry.technicians.staff.forms import TeamForm, TeamNameForm
from tenantry.technicians.step_up import step_up


@needs(Permission.TEAMS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
@step_up
def teams(request: HttpRequest) -> HttpResponse:
    """Every team; the form makes another."""
    form = TeamNameForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = actions.create_team(
                actor=actor_of(request), technician=technician_of(request), name=form.cleaned_data["name"]
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            messages.success(request, f"The team {made.name} was made. Choose its members and customer groups.")
            return redirect("technicians:team", team_id=made.pk)
    found = reading.list_teams()
    linked = groups.names_by_team([team.pk for team in found])
    context = {"teams": [(team, linked.get(team.pk, [])) for team in found], "form": form}
    return render(request, "technicians/teams.html", context, status=400 if form.errors else 200)


@needs(Permission.TEAMS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
@step_up
def team(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """One team: name, members, what it sees."""
    found = reading.get_team(team_id)
    initial = {
        "name": found.name,
        "sees_everything": found.sees_everything,
        "members": [str(key) for key in found.members.values_list("pk", flat=True)],
    }
    form = TeamForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_team(
                actor=actor_of(request),
                technician=technician_of(request),
                team_id=team_id,
                name=form.cleaned_data["name"],
                sees_everything=form.cleaned_data["sees_everything"],
                member_ids=form.cleaned_data["members"],
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            messages.success(request, "Saved.")
            return redirect("technicians:team", team_id=team_id)
    context = {"team": found, "form": form, "groups": groups.groups_of_team(team_id)}
    return render(request, "technicians/team.html", context, status=400 if form.errors else 200)


@needs(Permission.TEAMS_MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
@step_up
def delete(request: HttpRequest, team_id: uuid.UUID) -> HttpResponse:
    """GET says what people lose; POST deletes."""
    found = reading.get_team(team_id)
    if request.method == "POST":
        actions.delete_team(actor=actor_of(request), technician=technician_of(request), team_id=team_id)
        messages.success(request, f"The team {found.name} was deleted.")
        return redirect("technicians:teams")
    context = {"team": found, "losses": groups.losses_without_team(found)}
    return render(request, "technicians/delete_team.html", context)
