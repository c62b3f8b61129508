"""Technicians: staff of the MSP who sign in to the console; one-time links; the shared counters of the rate limits."""

import dataclasses
import functools
import uuid
from typing import Any, ClassVar, Final

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.crypto import salted_hmac

from tenantry.technicians.permissions import SEES_EVERY_CUSTOMER, Permission, Role, permissions_of


def microsoft_mark(*, tenant_id: uuid.UUID, object_id: uuid.UUID) -> str:
    """How an account at Microsoft stands among what a technician is known as."""
    return f"{tenant_id}/{object_id}"


class TechnicianManager(BaseUserManager["Technician"]):
    """Creates technicians. E-mail addresses are kept in lower case: one address, one account."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Technician":  # noqa: ANN401
        """Make a technician; without a password only links, passkeys or OpenID Connect sign them in."""
        technician = self.model(email=email.strip().lower(), **fields)
        if password is None:
            technician.set_unusable_password()
        else:
            technician.set_password(password)
        technician.save(using=self._db)
        return technician

    def get_by_natural_key(self, username: str | None) -> "Technician":
        """Find by e-mail address, whatever its case; a service account signs in nowhere, so it is not found."""
        return self.get(email=(username or "").strip().lower(), is_service=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Bounds:
    """What narrows a technician for the length of one request: the API token it came with. Only ever takes away.

    Attributes:
        permissions: what is left of the role, as values of `Permission`.
        customer_group_ids: the groups whose customers are left; None leaves all that are theirs.
    """

    permissions: frozenset[str]
    customer_group_ids: frozenset[uuid.UUID] | None


class Technician(AbstractBaseUser):
    """A member of the MSP's staff, or a service account: no person, in nobody's place, reached by API tokens alone."""

    bounds: Bounds | None = None
    """Set on the object of one request; no column."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    display_name = models.CharField(max_length=200)
    role = models.CharField(max_length=16, choices=Role, default=Role.HELP_DESK)
    is_active = models.BooleanField(default=True)
    is_service = models.BooleanField(default=False)
    session_epoch = models.PositiveIntegerField(default=0)
    # What else names them in a directory: addresses they had here, and Microsoft accounts (`microsoft_mark`)
    known_as = ArrayField(models.CharField(max_length=320), default=list)
    created_at = models.DateTimeField()
    joined_at = models.DateTimeField(null=True)  # when they took the invitation; None while it is open

    objects: ClassVar[TechnicianManager] = TechnicianManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["display_name"]

    def __str__(self) -> str:
        return self.display_name

    @property
    def is_owner(self) -> bool:
        """Whether they own this deployment."""
        return self.role == Role.OWNER

    @property
    def is_invited(self) -> bool:
        """Whether they have not taken their invitation yet."""
        return not self.is_active and self.joined_at is None

    @property
    def bound_group_ids(self) -> frozenset[uuid.UUID] | None:
        """The customer groups that the token at hand is bound to; None when there is no such bound."""
        return self.bounds.customer_group_ids if self.bounds is not None else None

    def may(self, permission: Permission) -> bool:
        """Whether their role, and the token at hand, include `permission`; somebody switched off may do nothing."""
        if self.bounds is not None and permission not in self.bounds.permissions:
            return False
        return self.is_active and permission in permissions_of(self.role)

    @property
    def role_sees_everything(self) -> bool:
        """Whether their role alone makes every customer theirs."""
        return self.role in SEES_EVERY_CUSTOMER

    @functools.cached_property
    def sees_everything(self) -> bool:
        """Whether every customer is theirs, by role or through a team. Asked of the database once for each request."""
        return self.bound_group_ids is None and self.looks_after_everybody

    @functools.cached_property
    def looks_after_everybody(self) -> bool:
        """The same, whatever token is at hand."""
        return self.role_sees_everything or self.teams.filter(sees_everything=True).exists()

    def get_full_name(self) -> str:
        """What libraries ask for when they greet somebody."""
        return self.display_name

    def _get_session_auth_hash(self, secret: str | bytes | None = None) -> str:
        """What a session must carry to stay valid: a new password or a new `session_epoch` ends all others.

        Django calls this for the present key and for each fallback key; its own version knows the password only.
        """
        return salted_hmac(
            "tenantry.technicians.session",
            f"{self.password}\x1f{self.session_epoch}",
            secret=secret,
            algorithm="sha256",
        ).hexdigest()


class Team(models.Model):
    """Technicians who look after the same customers: those of the groups linked to the team, or all of them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    sees_everything = models.BooleanField(default=False)
    members = models.ManyToManyField(Technician, related_name="teams")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("name"), name="technicians_one_team_of_a_name")]

    def __str__(self) -> str:
        return self.name


class MicrosoftAccount(models.Model):
    """The account at Microsoft that signs a technician in. Names are for people; the two ids are what counts."""

    technician = models.OneToOneField(Technician, primary_key=True, on_delete=models.CASCADE)
    tenant_id = models.UUIDField()
    object_id = models.UUIDField()
    user_name = models.CharField(max_length=320)
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "object_id"], name="one_technician_per_microsoft_account")
        ]

    def __str__(self) -> str:
        return self.user_name


# The first mark that fits: most browsers name their forebears too.
_BROWSERS: Final = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


class BrowserSession(models.Model):
    """A browser in which a technician is signed in, for the list with which sessions are ended."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    technician = models.ForeignKey(Technician, on_delete=models.CASCADE)
    session_key = models.CharField(max_length=40)  # its digest, see session_store.py
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    address = models.CharField(max_length=64)
    agent = models.CharField(max_length=300)

    def __str__(self) -> str:
        return self.browser

    @property
    def browser(self) -> str:
        """What the browser says it is, in words that tell two devices apart; browsers may say anything."""
        name = next((word for mark, word in _BROWSERS if mark in self.agent), "")
        system = next((word for mark, word in _SYSTEMS if mark in self.agent), "")
        return " on ".join(filter(None, (name, system))) or self.agent[:60] or "A browser"


class LinkPurpose(models.TextChoices):
    """What a one-time link does."""

    OWNER_SETUP = "owner_setup", "Create the first owner"
    SIGN_IN = "sign_in", "Sign in"
    INVITATION = "invitation", "Join"


class OneTimeLink(models.Model):
    """A link that works once and not for long. Only the digest of its token is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=16, choices=LinkPurpose)
    token_digest = models.BinaryField(max_length=32, unique=True)
    technician = models.ForeignKey(Technician, null=True, on_delete=models.CASCADE)
    made_by = models.ForeignKey(Technician, null=True, on_delete=models.SET_NULL, related_name="+")  # None: a command
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.get_purpose_display()


class SharedEntry(models.Model):
    """One value of the cache that all web processes share (see `cache.py`): rate limits and used codes."""

    key = models.CharField(max_length=255, primary_key=True)
    value = models.JSONField()
    expires_at = models.DateTimeField(null=True, db_index=True)

    def __str__(self) -> str:
        return self.key
