"""What goes over the wire."""

import datetime as dt
import json
import uuid
from typing import Annotated, Any, Literal

from ninja import Field, Query, Schema
from ninja.responses import NinjaJSONEncoder
from pydantic import AfterValidator, ConfigDict, StringConstraints

from tenantry.helpdesk.models import LinkState
from tenantry.kit.cursors import is_storable
from tenantry.verification.models import State
from tenantry.verification.policies import Method, Stopped


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("text must not contain NUL or half a character")
    return text


Text = Annotated[str, AfterValidator(_storable)]
"""Text that the database can hold."""
Words = Annotated[Text, Query(max_length=200)]
Search = Annotated[Text, Query("", max_length=200)]
"""The default stands here: one beside the parameter is lost when its type has more than one annotation."""
After = Annotated[Text, Query("", max_length=4000, description="`next` of the page before")]


class In(Schema):
    """A body: what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid")


class CustomerIn(In):
    """A new customer."""

    name: Text = Field(max_length=400)
    domain: Text = Field("", max_length=400)
    groups: list[uuid.UUID] = Field([], max_length=50, description="Ids of the customer groups it is put into.")


class CustomerChange(In):
    """What of a customer is changed; what is left out stays."""

    name: Text | None = Field(None, max_length=400)
    domain: Text | None = Field(None, max_length=400)


class ConnectionLineOut(Schema):
    """A connection in one line."""

    tenant_id: uuid.UUID
    domain: str
    state: str
    cause: str
    users: int | None
    read_at: dt.datetime | None


class CustomerOut(Schema):
    """A customer."""

    id: uuid.UUID
    name: str
    domain: str
    state: str
    connection: ConnectionLineOut | None = None


class CustomersOut(Schema):
    """A page of customers; `next` is empty on the last."""

    items: list[CustomerOut]
    next: str


class FeatureOut(Schema):
    """One feature of a customer as it stands."""

    key: str
    label: str
    state: str
    word: str
    cause: str
    fix: str
    who: str
    until: dt.datetime | None
    proof: str
    proven_at: dt.datetime | None


class ConnectionOut(Schema):
    """A customer's connection, and how far each feature is ready."""

    customer_id: uuid.UUID
    tenant_id: uuid.UUID | None
    domain: str
    state: str
    word: str
    cause: str
    fix: str
    who: str
    proof: str
    proven_at: dt.datetime | None
    users: int | None
    read_at: dt.datetime | None
    features: list[FeatureOut]


class ReadinessRowOut(Schema):
    """A customer on the board across all."""

    customer_id: uuid.UUID
    customer: str
    connected: bool
    features: list[FeatureOut]


class ReadinessOut(Schema):
    """A page of the board."""

    items: list[ReadinessRowOut]
    next: str


class UserOut(Schema):
    """A user as last read from Microsoft."""

    id: uuid.UUID
    customer_id: uuid.UUID
    user_principal_name: str
    display_name: str
    enabled: bool
    guest: bool
    synced: bool
    administrator: bool
    protected: bool


class UsersOut(Schema):
    """A page of users."""

    items: list[UserOut]
    next: str


class FoundOut(Schema):
    """The best matches over all customers; `more` says that there are others."""

    items: list[UserOut]
    more: bool


class ActionOut(Schema):
    """An operation, and whether it can be done; when not, why."""

    kind: str
    label: str
    allowed: bool
    asks: str
    code: str
    reason: str
    remedy: str
    who: str


class UserDetailsOut(UserOut):
    """A user with roles, licences and what can be done."""

    mail: str
    removed_at: dt.datetime | None
    roles: list[str]
    licences: list[str]
    actions: list[ActionOut]


class Wish(In):
    """Why, and for which ticket."""

    justification: Text = Field(min_length=3, max_length=500)
    ticket: Text = Field("", max_length=64)
    again: uuid.UUID | None = Field(
        None, description="The operation named by an `operation_in_between` problem, when it is wanted once more."
    )


class ResetWish(Wish):
    """A reset. The new password is made here, never sent in."""

    password: Literal["words", "random"] = "words"  # noqa: S105  where it comes from
    must_change: bool = True


class PassWishIn(Wish):
    """A Temporary Access Pass. The tenant's policy may be narrower than what is accepted here."""

    minutes: int = Field(60, ge=10, le=43_200)
    one_time: bool = True


class OperationOut(Schema):
    """An operation; only a read of the tenant makes it `done`."""

    id: uuid.UUID
    customer_id: uuid.UUID
    user_id: uuid.UUID
    user_principal_name: str
    kind: str
    state: str
    open: bool
    message: str
    reason: str
    fix: str
    who: str
    asked_by: str
    ticket: str
    created_at: dt.datetime
    finished_at: dt.datetime | None
    password_ready: bool = Field(description="A new password, or a pass's code, waits to be read once.")


class BulkIn(In):
    """The same on several users of one customer."""

    kind: Literal["block", "revoke-sessions"]
    users: list[uuid.UUID] = Field(min_length=1, max_length=200)
    justification: Text = Field(min_length=3, max_length=500)
    ticket: Text = Field("", max_length=64)


class SkippedOut(Schema):
    """A user who was left out, and why."""

    name: str
    user_principal_name: str
    reason: str


class BulkOut(Schema):
    """A run over several users: an operation for each it reaches."""

    id: uuid.UUID
    customer_id: uuid.UUID
    kind: str
    asked_by: str
    ticket: str
    created_at: dt.datetime
    operations: list[OperationOut]
    skipped: list[SkippedOut]


class ApprovalOut(Schema):
    """A request that waits, or waited, for a second technician."""

    id: uuid.UUID
    customer_id: uuid.UUID
    customer: str
    user_id: uuid.UUID
    user: str
    deed: str
    account: str
    state: str
    open: bool
    own: bool
    lines: list[list[str]]
    requester: str
    justification: str
    ticket: str
    requested_at: dt.datetime
    expires_at: dt.datetime
    decided_at: dt.datetime | None
    decided_by: str
    note: str


class ApprovalsOut(Schema):
    """Requests; the last fifty."""

    items: list[ApprovalOut]


class AcceptedOut(Schema):
    """What became of a wish: an operation that runs, or a request that a second technician decides."""

    operation: OperationOut | None = None
    approval: ApprovalOut | None = None


class PasswordOut(Schema):
    """The new password or the code of a pass, this once."""

    password: str
    operation: OperationOut


class SecretLinkOut(Schema):
    """A one-time link to a new password or a pass's code, without its address."""

    state: LinkState = Field(description="`empty`: what it led to was shown otherwise, or thrown away.")
    made_by: str
    created_at: dt.datetime
    expires_at: dt.datetime
    opened_at: dt.datetime | None
    opened_from: str = Field(description="The network address.")
    wrong_codes: int


class NewSecretLinkOut(SecretLinkOut):
    """The same with what the user needs, this once."""

    address: str = Field(description="For the user, by one way.")
    code: str = Field(description="For the user, by another way.")


Deed = Literal["reset-password", "block", "unblock", "revoke-sessions", "access-pass"]
Ticket = Annotated[Text, Field(max_length=64)]


class VerificationIn(In):
    """What the pass will be good for, and how the caller proves who they are."""

    deed: Deed
    ticket: Ticket = ""
    method: Method = Method.OWN_SIGN_IN


class CodeIn(In):
    """The code that the caller read out."""

    code: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20), AfterValidator(_storable)
    ]


class StopIn(In):
    """Why it is stopped."""

    why: Stopped = Field(
        Stopped.ENDED, description="`denied`: the owner of the address or telephone says that they did not call."
    )


class VerificationOut(Schema):
    """Whether a caller proved who they are. A pass is good for one user, deed and ticket, once."""

    id: uuid.UUID
    customer_id: uuid.UUID
    user_id: uuid.UUID
    user_principal_name: str
    method: Method
    deed: str
    ticket: str
    state: State
    wrong: str = Field(
        description="While it waits, or failed: why the last answer did not count, such as `wrong_code`."
    )
    wrong_words: str
    tries_left: int
    strength: int = Field(description="What was proven: 1 basic, 2 good, 3 strong; 0 until then.")
    started_by: str
    started_at: dt.datetime
    answer_until: dt.datetime
    decided_at: dt.datetime | None
    pass_until: dt.datetime | None
    denied_late: bool = Field(
        description="The owner of the account said that they did not call after the pass was used."
    )


class VerificationNowOut(VerificationOut):
    """The same with what is said and sent while it waits."""

    number: str = Field(
        description="Shown to the caller too (own sign-in, Duo), or to be told to them alone (manager); empty for none."
    )
    link: str = Field(description="For the caller, or their manager; only for whoever began, while it waits.")
    sent_to: str = Field(description="Where it went, masked.")
    manager: str = Field(description="Who is asked to vouch.")
    warning: str = Field(description="What speaks against the number that a code went to.")


class VerificationsOut(Schema):
    """The latest of a user, newest first."""

    items: list[VerificationOut]


class MethodOut(Schema):
    """A method for one user."""

    method: Method
    label: str
    about: str
    usable: bool
    obstacle: str = Field(description="Why not.")
    hint: str
    warning: str
    least: int = Field(description="The strength that it proves in any case.")
    most: int = Field(description="The strength at best.")


class MethodsOut(Schema):
    """Every method, the strongest first, and the strength that the rules ask for."""

    wanted: int
    items: list[MethodOut]


class Note(In):
    """Words with a decision."""

    note: Text = Field("", max_length=500)


class Nothing(In):
    """An empty object."""


class ActOut(Schema):
    """One act of the record with its newest outcome."""

    id: int
    recorded_at: dt.datetime
    action: str
    actor: str
    customer_id: uuid.UUID | None
    customer: str
    target_kind: str
    target_id: str
    target: str
    justification: str
    ticket: str
    result: str
    summary: str
    ended_at: dt.datetime | None
    graph_request_ids: list[str]


class ActivityOut(Schema):
    """A page of the record, newest first."""

    items: list[ActOut]
    next: str


class TokenOut(Schema):
    """The token at hand."""

    name: str
    technician: str
    role: str
    permissions: list[str]
    customer_groups: list[uuid.UUID] | None
    expires_at: dt.datetime


class FieldError(Schema):
    """What is wrong with one field."""

    field: str
    reason: str


class Problem(Schema):
    """RFC 9457, with a stable `code`."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str = ""
    who: str = ""
    errors: list[FieldError] = []
    operation_id: uuid.UUID | None = None


def dumped(schema: Schema) -> dict[str, Any]:
    """As JSON, in the writing of an answer that is not kept: one moment looks the same in both."""
    written: dict[str, Any] = json.loads(json.dumps(schema.model_dump(), cls=NinjaJSONEncoder))
    return written
