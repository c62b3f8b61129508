"""The cache that all web processes share."""

import threading
import uuid

import pytest
from django.core.cache import cache
from django.db import connection, connections
from tests.conftest import SharedClock

from tenantry.technicians.models import SharedEntry


@pytest.fixture
def key(database: None) -> str:
    return f"test-{uuid.uuid4().hex}"


def test_it_keeps_json_until_it_expires(key: str, clock: SharedClock) -> None:
    cache.set(key, [1.5, "two", {"three": None}], timeout=60)
    assert cache.get(key) == [1.5, "two", {"three": None}]
    clock.travel(seconds=59)
    assert cache.touch(key, 60)
    clock.travel(seconds=59)
    assert key in cache
    clock.travel(seconds=1)
    assert cache.get(key, "gone") == "gone"
    assert not cache.touch(key, 60)


def test_without_a_timeout_it_stays(key: str, clock: SharedClock) -> None:
    cache.set(key, 1, timeout=None)
    clock.travel(days=400)
    assert cache.get(key) == 1
    assert not cache.add(key, 2)
    assert cache.delete(key)
    assert not cache.delete(key)


def test_of_many_that_add_at_the_same_moment_one_succeeds(key: str, clock: SharedClock) -> None:
    cache.set(key, "old", timeout=1)
    clock.travel(seconds=2)  # an expired entry is no entry
    start = threading.Barrier(4)
    outcomes: list[bool] = []

    def add() -> None:
        try:
            start.wait(timeout=10)
            outcomes.append(cache.add(key, value=True, timeout=60))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, False, False, True]


def test_expired_entries_are_purged(key: str, clock: SharedClock) -> None:
    cache.set(key, 1, timeout=1)
    clock.travel(seconds=2)
    cache.add(f"{key}-other", 1)
    assert not SharedEntry.objects.filter(key__endswith=key).exists()


def test_what_is_no_json_is_refused(key: str) -> None:
    with pytest.raises(TypeError):
        cache.set(key, object())
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
