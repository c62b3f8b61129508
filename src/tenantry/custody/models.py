"""Who keeps anchors and has which, and what each check of the record found."""

import uuid

from django.db import models


class KeeperKind(models.TextChoices):
    """How anchors get there."""

    FILE = "file", "File"
    SYSLOG = "syslog", "Syslog"
    MAIL = "mail", "Mail"


class Keeper(models.Model):
    """Somebody who is given every anchor: a file, a syslog server or a mailbox, each named by a setting.

    `cursor` is the last anchor that was taken. It moves after that, so an anchor arrives at least once.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8, choices=KeeperKind)
    target = models.CharField(max_length=400)
    cursor = models.BigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)  # failed ones, one after the other
    next_try_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    added_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)  # last success
    failing_since = models.DateTimeField(null=True)  # None: the last attempt worked, or there was none
    last_outcome = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "target"], name="custody_one_keeper_for_each_target")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.target}"


class Extent(models.TextChoices):
    """How much of the record a check looked at."""

    WHOLE = "whole", "All of it"
    NEW = "new", "What was new"


class Check(models.Model):
    """One check of the chain and what it found. Under way, or cut off, while `ended_at` is empty."""

    id = models.BigAutoField(primary_key=True)
    extent = models.CharField(max_length=8, choices=Extent)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=200, blank=True)  # empty: by schedule
    ended_at = models.DateTimeField(null=True)
    first = models.BigIntegerField(default=0)  # sequence of the first link looked at
    last = models.BigIntegerField(default=0)
    head = models.BinaryField(max_length=32, default=bytes)
    events = models.BigIntegerField(default=0)
    unsealed = models.BigIntegerField(default=0)  # committed, waiting for their links
    anchors_met = models.BigIntegerField(default=0)
    anchored = models.BigIntegerField(default=0)  # sequence of the last anchor that was met; 0 for none
    anchored_at = models.DateTimeField(null=True)
    problem_count = models.BigIntegerField(default=0)
    problems = models.JSONField(default=list)  # sentences; the first of them

    class Meta:
        indexes = [models.Index(fields=["-id"], name="custody_check_newest")]

    def __str__(self) -> str:
        return f"{self.get_extent_display()} at {self.ended_at}"

    @property
    def is_whole(self) -> bool:
        """Whether it ended and nothing was found."""
        return self.ended_at is not None and self.problem_count == 0
