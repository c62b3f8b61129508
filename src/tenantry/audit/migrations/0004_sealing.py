"""Sealing, as a function of the database: one round trip, so that the lock is held for as short as can be.

How the bytes and hashes are made is written in `tenantry.audit.chain.canonical`, which computes the same for whoever
checks; a test compares the two.
"""

from django.db import migrations

# The fields of form 1, in order. Written out here: a migration does not follow what the code becomes.
_FIELDS = (
    "id recorded_at kind intent_id action actor_kind actor_id actor_name actor_address customer_id customer_name tenant_id "
    "target_kind target_id target_name justification ticket result summary details exchanges"
).split()
_EVENT = " || ".join(
    f"COALESCE(int4send(octet_length(event.{name}::text)) || convert_to(event.{name}::text, 'UTF8'), '\\xffffffff')"
    for name in _FIELDS
)
SEAL = f"""
CREATE FUNCTION audit_seal(now_ timestamptz, most integer, wanted bigint) RETURNS integer LANGUAGE plpgsql
    SET TimeZone = 'UTC' SET DateStyle = 'ISO'
    SET lock_timeout = '2s'  -- an effect must not wait long for the chain; the next sealer takes what is left
    -- Every look-up here is by key. What the planner believes of tables that grow and empty all day must not matter.
    SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off
AS $$
DECLARE
    start CONSTANT bytea := decode(repeat('00', 32), 'hex');
    nul CONSTANT bytea := decode('00', 'hex');
    waiting bigint;
    event audit_event%ROWTYPE;
    place bigint;
    head bytea;
    own_place bigint;
    own_head bytea;
    digest_ bytea;
    sealed_us bytea := int8send((extract(epoch FROM now_) * 1000000)::bigint);
    done integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock({0x7E4A11A0});
    IF wanted IS NOT NULL AND NOT EXISTS (SELECT FROM audit_unsealed WHERE event_id = wanted) THEN
        RETURN 0;  -- sealed with another's batch while we waited for the lock
    END IF;
    SELECT sequence, hash INTO place, head FROM audit_link ORDER BY sequence DESC LIMIT 1;
    IF NOT FOUND THEN
        SELECT sequence, hash INTO place, head FROM audit_checkpoint ORDER BY sequence DESC LIMIT 1;
    END IF;
    place := COALESCE(place, 0);
    head := COALESCE(head, start);
    FOR waiting IN SELECT event_id FROM audit_unsealed ORDER BY event_id LIMIT most LOOP
        SELECT * INTO event FROM audit_event WHERE id = waiting;
        CONTINUE WHEN NOT FOUND;  -- removed before it was sealed: it stays on the list, for whoever checks
        place := place + 1;
        digest_ := sha256(convert_to('tenantry.audit.event.1', 'UTF8') || nul || {_EVENT});
        own_place := NULL;
        own_head := NULL;
        IF event.customer_id IS NOT NULL THEN
            SELECT customer_sequence, customer_hash INTO own_place, own_head FROM audit_link
                WHERE customer_id = event.customer_id ORDER BY customer_sequence DESC LIMIT 1;
            IF NOT FOUND THEN
                SELECT customer_sequence, customer_hash INTO own_place, own_head FROM audit_customercheckpoint
                    WHERE customer_id = event.customer_id ORDER BY customer_sequence DESC LIMIT 1;
            END IF;
            own_place := COALESCE(own_place, 0) + 1;
            own_head := sha256(
                convert_to('tenantry.audit.customer.1', 'UTF8') || nul || COALESCE(own_head, start)
                || uuid_send(event.customer_id) || int8send(own_place) || int8send(place) || sealed_us || digest_
            );
        END IF;
        head := sha256(
            convert_to('tenantry.audit.link.1', 'UTF8') || nul || head || int8send(place) || int8send(waiting)
            || sealed_us || digest_ || COALESCE(own_head, start)
        );
        INSERT INTO audit_link
            (sequence, event_id, customer_id, customer_sequence, sealed_at, form, digest, customer_hash, hash)
        VALUES (place, waiting, event.customer_id, own_place, now_, 1, digest_, own_head, head);
        DELETE FROM audit_unsealed WHERE event_id = waiting;
        done := done + 1;
    END LOOP;
    RETURN done;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_hash_chain")]
    operations = [migrations.RunSQL(SEAL, "DROP FUNCTION audit_seal(timestamptz, integer, bigint)")]
