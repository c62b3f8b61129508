"""The rules are enforced where work is asked for, by kind of account and role; the page and "try it" explain."""

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tenantry.kit.errors import Conflict, Invalid, NotAllowed
from tests.safeguards.conftest import Desk

if TYPE_CHECKING:
    from django.test import Client


def test_the_help_desk_resets_ordinary_users_only(desk: Desk, run: Callable[[], None]) -> None:
    status, where = desk.post(desk.help_desk, desk.dana)
    assert status == 302
    assert "/operations/" in where
    run()
    assert desk.place.effects(desk.dana) == 1
    for user in (desk.admin, desk.boss):
        page = desk.browser(desk.help_desk).get(desk.url(user, "reset-password")).content.decode()
        assert "The rules do not let your role" in page
        status, _ = desk.post(desk.help_desk, user)
        assert status == 403
        assert desk.place.effects(user) == 0


def test_a_server_that_is_asked_directly_refuses_what_the_screen_would_not_offer(desk: Desk) -> None:
    from tenantry.helpdesk import actions
    from tenantry.helpdesk.guarding import Shown
    from tenantry.helpdesk.kinds import BY_SLUG
    from tenantry.kit.sealed import Secret
    from tenantry.technicians.actions import actor_for

    kind = BY_SLUG["reset-password"]

    def ask(technician: object, user: object, shown: Shown) -> None:
        token = actions.confirm(technician=technician, customer_id=desk.place.customer.pk, user=user, kind=kind)  # type: ignore[arg-type]
        actions.request_operation(
            actor=actor_for(technician),  # type: ignore[arg-type]
            technician=technician,  # type: ignore[arg-type]
            customer_id=desk.place.customer.pk,
            object_id=user.object_id,  # type: ignore[attr-defined]
            kind=kind,
            confirmation=token,
            justification="Forgotten password",
            password=Secret("Canary-velvet-tundra-77"),
            shown=shown,
        )

    with pytest.raises(NotAllowed) as refused:
        ask(desk.help_desk, desk.admin, Shown(stepped_up=True))
    assert refused.value.code == "rule_role"
    with pytest.raises(NotAllowed) as refused:
        ask(desk.engineer, desk.admin, Shown())
    assert refused.value.code == "step_up_missing"
    with pytest.raises(NotAllowed) as refused:
        ask(desk.owner, desk.boss, Shown(stepped_up=True))
    assert refused.value.code == "approval_missing"
    with pytest.raises(NotAllowed) as refused:
        ask(desk.engineer, desk.dana, Shown(stepped_up=True, override_reason="The caller is my neighbour"))
    assert refused.value.code == "role_too_small"


def test_ones_own_account_takes_a_second_person(desk: Desk) -> None:
    desk.dana.mail = desk.engineer.email.upper()
    desk.dana.save(update_fields=["mail"])
    page = desk.browser(desk.engineer).get(desk.url(desk.dana, "reset-password")).content.decode()
    assert "own account" in page
    assert "Ask for approval" in page


def test_ones_own_global_administrator_account_is_no_less_one(desk: Desk) -> None:
    """Issue 4, target classes: an engineer may ask for their own account, and for no Global Administrator's."""
    desk.boss.mail = desk.engineer.email
    desk.boss.save(update_fields=["mail"])
    assert desk.post(desk.engineer, desk.boss)[0] == 403
    desk.boss.mail = desk.administrator.email
    desk.boss.save(update_fields=["mail"])
    request = desk.request(desk.administrator, desk.boss)
    assert request.target_class == "own_account"
    colleague, owner = desk.browser(desk.engineer), desk.browser(desk.owner)
    url = f"/approvals/{request.pk}/"
    assert "You cannot decide this" in colleague.get(url).content.decode()
    assert colleague.post(f"{url}approve/", {"note": ""}).status_code == 403
    assert owner.post(f"{url}approve/", {"note": ""}).status_code == 302


def test_ones_own_account_is_known_by_the_microsoft_account_and_by_addresses_one_had(desk: Desk) -> None:
    """Issue 4, technician's own account: whoever gives themselves another address has the same account."""
    from tenantry.safeguards.queries import is_own
    from tenantry.technicians.actions import actor_for, change_profile
    from tenantry.technicians.models import microsoft_mark

    me = desk.engineer
    desk.dana.mail = me.email
    desk.dana.save(update_fields=["mail"])
    change_profile(actor=actor_for(me), technician=me, display_name=me.display_name, email=f"new-{me.email}")
    me.refresh_from_db()
    assert "own account" in desk.browser(me).get(desk.url(desk.dana, "reset-password")).content.decode()
    assert not is_own(me, desk.admin)
    me.known_as = [microsoft_mark(tenant_id=desk.place.tenant_id, object_id=desk.admin.object_id)]
    assert is_own(me, desk.admin)


def test_a_run_over_several_leaves_out_who_asks_for_more(desk: Desk) -> None:
    from tenantry.helpdesk import actions
    from tenantry.helpdesk.kinds import BY_SLUG

    plan = actions.plan_bulk(
        technician=desk.engineer,
        customer_id=desk.place.customer.pk,
        kind=BY_SLUG["block"],
        object_ids=[desk.dana.object_id, desk.admin.object_id, desk.boss.object_id],
    )
    assert [user.object_id for user in plan.users] == [desk.dana.object_id, desk.admin.object_id]
    assert plan.wants_step_up
    assert [denied.code for _, denied in plan.skipped] == ["rule_role"]
    plan = actions.plan_bulk(
        technician=desk.owner,
        customer_id=desk.place.customer.pk,
        kind=BY_SLUG["block"],
        object_ids=[desk.boss.object_id],
    )
    assert [denied.code for _, denied in plan.skipped] == ["one_by_one"]


def test_an_emergency_account_is_out_of_everybodys_reach(desk: Desk, run: Callable[[], None]) -> None:
    url = f"/customers/{desk.place.customer.pk}/users/{desk.boss.object_id}/emergency/"
    assert desk.browser(desk.help_desk).post(url, {"justification": "Break glass"}).status_code == 403
    assert desk.browser(desk.engineer).post(url, {"justification": ""}).status_code == 400
    assert desk.browser(desk.engineer).post(url, {"justification": "Break glass"}).status_code == 302
    for technician in (desk.owner, desk.administrator, desk.engineer, desk.help_desk):
        page = desk.browser(technician).get(desk.url(desk.boss, "revoke-sessions")).content.decode()
        assert "emergency access account" in page
        status, _ = desk.post(technician, desk.boss, "revoke-sessions")
        assert status == 403
    run()
    assert desk.place.effects(desk.boss) == 0
    assert desk.browser(desk.engineer).post(url, {"justification": "Was wrong", "mark": "no"}).status_code == 403
    assert desk.browser(desk.owner).post(url, {"justification": "Was wrong", "mark": "no"}).status_code == 302
    assert desk.browser(desk.owner).post(url, {"justification": "Was wrong", "mark": "no"}).status_code == 409


def test_rules_are_changed_by_whoever_may_and_every_change_is_recorded(desk: Desk) -> None:
    from tenantry.audit.models import Event
    from tenantry.audit.queries import get_act
    from tenantry.safeguards import actions, queries
    from tenantry.safeguards.policies import DEFAULTS, Deed, Rule, TargetClass
    from tenantry.technicians.actions import actor_for

    key = (TargetClass.ADMINISTRATOR, Deed.RESET_PASSWORD)
    weaker = Rule(frozenset({"owner", "administrator", "engineer", "help_desk"}))
    with pytest.raises(NotAllowed):
        actions.change_rules(actor=actor_for(desk.engineer), technician=desk.engineer, wanted={key: weaker})
    assert actions.change_rules(actor=actor_for(desk.owner), technician=desk.owner, wanted={key: weaker}) == [key]
    assert queries.rules()[key] == weaker
    event = Event.objects.filter(action="safeguards.rule_changed").latest("pk")
    assert event.details["is_weaker"] is True
    assert "asks for less" in event.summary
    act = get_act(event.pk)
    assert act is not None
    assert (act.result_words, act.tone) == ("Exception", "bad"), "it stands out"
    status, _ = desk.post(desk.help_desk, desk.admin)
    assert status == 302, "the changed rule counts at once"
    for wrong in (
        {(TargetClass.EMERGENCY, Deed.RESET_PASSWORD): weaker},
        {(TargetClass.GLOBAL_ADMINISTRATOR, Deed.RESET_PASSWORD): weaker},
        {key: Rule(frozenset({"auditor"}))},
    ):
        with pytest.raises(Invalid):
            actions.change_rules(actor=actor_for(desk.owner), technician=desk.owner, wanted=wrong)
    assert actions.reset_rules(actor=actor_for(desk.owner), technician=desk.owner) == 1
    assert queries.rules() == dict(DEFAULTS)


def test_the_page_of_the_rules_saves_what_it_shows_and_only_that(desk: Desk) -> None:
    from tenantry.safeguards import queries
    from tenantry.safeguards.policies import DEFAULTS, Deed, Strength, TargetClass

    client = desk.browser(desk.owner)
    form = client.get("/settings/rules/").context["form"]
    data: dict[str, object] = {}
    for name, field in form.fields.items():
        value = field.initial
        if value is True:
            data[name] = "on"
        elif value is not False:
            data[name] = value
    assert client.post("/settings/rules/", data).status_code == 302
    assert queries.rules() == dict(DEFAULTS), "sending the page unchanged changes nothing"
    data["ordinary-reset_password-strength"] = "3"
    assert client.post("/settings/rules/", data).status_code == 302
    assert queries.rules()[TargetClass.ORDINARY, Deed.RESET_PASSWORD].strength is Strength.STRONG
    page = client.get(desk.url(desk.dana, "reset-password")).content.decode()
    assert "Verify the caller" in page
    status, body = desk.post(desk.engineer, desk.dana)
    assert status == 422  # the page again, with the way to verify the caller
    assert "asks for a caller" in body
    status, where = desk.post(desk.owner, desk.dana, override_reason="The caller stands in front of me")
    assert status == 302, where[:500]
    read_only = desk.browser(desk.help_desk).get("/settings/rules/").content.decode()
    assert "Save rules" not in read_only


@pytest.mark.parametrize(
    ("who", "whom", "words"),
    [
        ("help_desk", "boss", "The rules do not let your role"),
        ("help_desk", "dana", "asks for a fresh proof"),
        ("owner", "boss", "a second technician&#x27;s approval"),
    ],
)
def test_trying_a_rule_shows_the_decision_and_its_reason(desk: Desk, who: str, whom: str, words: str) -> None:
    user = getattr(desk, whom)
    answer = desk.browser(desk.owner).get(
        "/settings/rules/try/",
        {
            "technician": str(getattr(desk, who).pk),
            "customer": str(desk.place.customer.pk),
            "user": user.user_principal_name,
            "deed": "reset_password",
        },
    )
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert desk.place.effects(user) == 0


def test_trying_with_odd_input_says_what_is_wrong(desk: Desk) -> None:
    client: Client = desk.browser(desk.owner)
    assert client.get("/settings/rules/try/", {"technician": "x", "customer": "y", "user": ""}).status_code == 400
    asked = {
        "technician": str(desk.help_desk.pk),
        "customer": str(desk.place.customer.pk),
        "user": "nobody at all",
        "deed": "reset_password",
    }
    assert "No user of this customer" in client.get("/settings/rules/try/", asked).content.decode()
    desk.help_desk.teams.clear()
    page = client.get("/settings/rules/try/", asked | {"user": desk.dana.user_principal_name}).content.decode()
    assert "does not see" in page


def test_marking_twice_is_told(desk: Desk) -> None:
    from tenantry.safeguards import actions
    from tenantry.technicians.actions import actor_for

    def mark() -> None:
        actions.mark(
            actor=actor_for(desk.engineer),
            technician=desk.engineer,
            customer_id=desk.place.customer.pk,
            object_id=desk.dana.object_id,
            justification="Kept for the day",
        )

    mark()
    with pytest.raises(Conflict):
        mark()


def test_blocking_the_only_global_administrator_says_what_is_lost(desk: Desk) -> None:
    from tenantry.directory.models import RoleHolding
    from tenantry.reach import roles

    page = desk.browser(desk.owner)
    address = desk.url(desk.boss, "block")
    words = "only Global Administrator who can sign in"
    assert words in page.get(address).content.decode()
    assert words not in page.get(desk.url(desk.boss, "revoke-sessions")).content.decode()
    assert words not in page.get(desk.url(desk.admin, "block")).content.decode()

    other = desk.place.add_user("Otto Other")
    RoleHolding.objects.create(
        tenant_id=desk.place.tenant_id,
        principal_id=other.object_id,
        role_template_id=uuid.UUID(roles.GLOBAL_ADMINISTRATOR),
        role_name="Global Administrator",
        directory_scope_id="/",
    )
    assert words not in page.get(address).content.decode()
    type(other).objects.filter(pk=other.pk).update(account_enabled=False)
    assert words in page.get(address).content.decode(), "who is blocked cannot let anybody back in"


def test_the_help_desk_does_not_reset_somebody_who_may_make_himself_global_administrator(desk: Desk) -> None:
    """Issue 4, target classes: page, decision and list go by eligible roles too."""
    from django.urls import reverse

    from tenantry.directory import surroundings

    browser = desk.browser(desk.help_desk)
    address = desk.url(desk.dana, "reset-password")
    page = reverse("directory:user", args=(desk.place.customer.pk, desk.dana.object_id))
    assert "Global Administrator" not in browser.get(page).content.decode()
    desk.place.tenant.add_sku("AAD_PREMIUM_P2")
    desk.place.tenant.assign_by_pim(str(desk.dana.object_id), "Global Administrator", eligible=True)
    surroundings.store(tenant_id=desk.place.tenant_id, found=surroundings.read(tenant_id=desk.place.tenant_id))

    words = "Global Administrator (eligible)"
    shown = browser.get(page).content.decode()
    assert "<b>Global Administrator (eligible)</b>" in shown
    assert "not in force, can be activated" in shown
    assert words in browser.get(address).content.decode()
    status, _ = desk.post(desk.help_desk, desk.dana, "reset-password")
    assert status != 302
    assert words in desk.browser(desk.owner).get(address).content.decode()
