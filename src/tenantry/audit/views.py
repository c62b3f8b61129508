"""The activity page and its export."""

import csv
import dataclasses
import uuid
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from tenantry.audit import queries
from tenantry.audit.forms import ActivityFilter
from tenantry.audit.queries import Act, Filter
from tenantry.audit.report import month_of, monthly
from tenantry.audit.sight import sight_of
from tenantry.customers.queries import get_customer
from tenantry.kit.needs import needs
from tenantry.technicians.current import technician_of
from tenantry.technicians.permissions import Permission

COLUMNS = (
    "event_id",
    "recorded_at_utc",
    "technician",
    "address",
    "customer",
    "tenant_id",
    "action",
    "target",
    "target_id",
    "justification",
    "ticket",
    "result",
    "summary",
    "ended_at_utc",
    "graph_request_ids",
)

_RUNNERS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@needs(Permission.ACTIVITY_READ)
@require_GET
def activity(request: HttpRequest) -> HttpResponse:
    """The record, newest first, filtered."""
    form = ActivityFilter(request.GET)
    page = queries.page(_wanted(request, form), after=request.GET.get("after", ""))
    filters = request.GET.copy()
    filters.pop("after", None)
    is_narrowed = any(filters.get(name) for name in form.fields)
    return render(
        request,
        "audit/activity.html",
        {
            "form": form,
            "page": page,
            "filters": filters.urlencode(),
            "is_narrowed": is_narrowed,
            "customer_id": form.cleaned_data.get("customer"),
        },
    )


def _wanted(request: HttpRequest, form: ActivityFilter) -> Filter:
    """What the form asks for, within what the technician may see: their customers' acts, and their own."""
    return dataclasses.replace(form.wanted(), sight=sight_of(technician_of(request)))


@needs(Permission.ACTIVITY_READ)
@require_GET
def report(request: HttpRequest, customer_id: uuid.UUID) -> HttpResponse:
    """A customer's month, to be printed."""
    customer = get_customer(technician=technician_of(request), customer_id=customer_id)
    made = monthly(customer_id=customer.pk, month=month_of(request.GET.get("month", "")))
    return render(request, "audit/report.html", {"customer": customer, "report": made})


class _Line:
    """A file for `csv.writer` that hands each line back."""

    @staticmethod
    def write(line: str) -> str:
        """Return what was written."""
        return line


@needs(Permission.ACTIVITY_EXPORT)
@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same record as CSV, streamed whatever its length; UTF-8 with a mark so that spreadsheets read it right."""
    acts = queries.every(_wanted(request, ActivityFilter(request.GET)))
    answer = StreamingHttpResponse(_lines(acts), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="tenantry-activity.csv"'
    return answer


def _lines(acts: Iterator[Act]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield "\ufeff" + str(writer.writerow(COLUMNS))
    for act in acts:
        event = act.event
        yield str(
            writer.writerow(
                _harmless(value)
                for value in (
                    event.pk,
                    event.recorded_at.isoformat(),
                    event.actor_name,
                    event.actor_address,
                    event.customer_name,
                    event.tenant_id or "",
                    event.action,
                    event.target_name,
                    event.target_id,
                    event.justification,
                    event.ticket,
                    act.result_words,
                    act.summary,
                    act.ended_at.isoformat() if act.ended_at else "",
                    " ".join(act.request_ids),
                )
            )
        )


def _harmless(value: object) -> str:
    """Text that a spreadsheet shows and never runs: what begins like a formula is quoted.

    That is = + - @ or its full-width twin, also behind spaces (some spreadsheets drop them), and a control character.

    Source: OWASP "CSV Injection".
    """
    text = str(value)
    return f"'{text}" if text.startswith(("\t", "\r", "\n")) or text.lstrip().startswith(_RUNNERS) else text
