"""`{% load directory %}`: what a user is, in words."""

import functools
from typing import Protocol

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from tenantry.web.templatetags.ui import state

register = template.Library()


class Described(Protocol):
    """A user with what the words are made of."""

    account_enabled: bool
    is_admin: bool
    is_protected: bool
    is_guest: bool
    is_synced: bool


@register.simple_tag
def user_states(user: Described, *, is_removed: bool = False) -> SafeString:
    """The words Enabled or Blocked (or Deleted), Admin or Protected, Guest, Synced."""
    return _states(
        is_removed,
        user.account_enabled,
        user.is_admin,
        user.is_protected,
        user.is_guest,
        user.is_synced,
    )


@functools.cache
def _states(*flags: bool) -> SafeString:
    """Drawn once for each of the few combinations, not for each of the many rows."""
    is_removed, is_enabled, is_admin, is_protected, is_guest, is_synced = flags
    if is_removed:
        found = [state("bad", "Deleted", "trash-2")]
    else:
        found = [state("good", "Enabled") if is_enabled else state("bad", "Blocked", "ban")]
    if is_admin:
        found.append(state("info", "Admin", "shield"))
    elif is_protected:
        found.append(state("info", "Protected", "shield-half"))
    if is_guest:
        found.append(state("mute", "Guest", "user-round"))
    if is_synced:
        found.append(state("mute", "Synced", "folder-sync"))
    return format_html_join(
        "", '<span class="row">{}</span>', [(format_html_join("", "{}", ((each,) for each in found)),)]
    )
