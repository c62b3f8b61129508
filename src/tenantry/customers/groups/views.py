"""Pages of customer groups."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from tenantry.customers.forms import GroupForm, GroupNameForm
from tenantry.customers.groups import changing, reading
from tenantry.kit.errors import Invalid
from tenantry.kit.needs import needs
from tenantry.technicians.current import actor_of, technician_of
from tenantry.technicians.permissions import Permission
from tenantry.technicians.step_up import step_up


@needs(Permission.CUSTOMERS_GROUP)
@require_http_methods(["GET", "HEAD", "POST"])
def groups(request: HttpRequest) -> HttpResponse:
    """Every group; the form makes another."""
    form = GroupNameForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = changing.create_group(
                actor=actor_of(request), technician=technician_of(request), name=form.cleaned_data["name"]
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            messages.success(request, f"The group {made.name} was made. Choose its customers and teams.")
            return redirect("customers:group", group_id=made.pk)
    context = {"nav": "settings", "groups": reading.list_groups(), "form": form}
    return render(request, "customers/groups.html", context, status=400 if form.errors else 200)


@needs(Permission.CUSTOMERS_GROUP)
@require_http_methods(["GET", "HEAD", "POST"])
@step_up
def group(request: HttpRequest, group_id: uuid.UUID) -> HttpResponse:
    """One group: name, teams, and its customers page by page."""
    found = reading.get_group(group_id)
    initial = {"name": found.name, "teams": [str(key) for key in found.teams.values_list("pk", flat=True)]}
    form = GroupForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            changing.change_group(
                actor=actor_of(request),
                technician=technician_of(request),
                group_id=group_id,
                name=form.cleaned_data["name"],
                team_ids=form.cleaned_data["teams"],
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, refusal.reason)
        else:
            messages.success(request, "Saved.")
            return redirect("customers:group", group_id=group_id)
    is_member = request.GET.get("show") != "others"
    search = request.GET.get("q", "").strip()
    context = {
        "nav": "settings",
        "group": found,
        "form": form,
        "page": reading.page_of(
            group=found,
            is_member=is_member,
            search=search,
            after=request.GET.get("after", ""),
            before=request.GET.get("before", ""),
        ),
        "is_member": is_member,
        "search": search,
    }
    return render(request, "customers/group.html", context, status=400 if form.errors else 200)


@needs(Permission.CUSTOMERS_GROUP)
@require_POST
@step_up
def change_customers(request: HttpRequest, group_id: uuid.UUID) -> HttpResponse:
    """Put the ticked customers in, or take them out."""
    is_adding = request.POST.get("act") == "add"
    change = changing.add_customers if is_adding else changing.remove_customers
    count = change(
        actor=actor_of(request),
        technician=technician_of(request),
        group_id=group_id,
        customer_ids=_ids(request.POST.getlist("ids")),
    )
    words = f"{count} customer{'' if count == 1 else 's'} {'put into' if is_adding else 'taken out of'} the group."
    (messages.success if count else messages.info)(request, words if count else "No customer was ticked.")
    address = reverse("customers:group", args=[group_id])
    return redirect(f"{address}?show=others" if is_adding else address)


@needs(Permission.CUSTOMERS_GROUP)
@require_http_methods(["GET", "HEAD", "POST"])
@step_up
def delete(request: HttpRequest, group_id: uuid.UUID) -> HttpResponse:
    """GET says what people lose; POST deletes."""
    found = reading.get_group(group_id)
    if request.method == "POST":
        changing.delete_group(actor=actor_of(request), technician=technician_of(request), group_id=group_id)
        messages.success(request, f"The group {found.name} was deleted.")
        return redirect("customers:groups")
    context = {"nav": "settings", "group": found, "losses": reading.losses_without_group(found)}
    return render(request, "customers/delete_group.html", context)


def _ids(texts: list[str]) -> set[uuid.UUID]:
    """The ids among what was sent; anything else was not ticked on our page."""
    found = set()
    for text in texts:
        try:
            found.add(uuid.UUID(text))
        except ValueError:
            continue
    return found
