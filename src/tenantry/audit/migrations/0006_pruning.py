"""What is older than a year may go, from the beginning of the chain, through one function; nothing else ever goes.

The function runs as the owner of the tables and asks for what makes the rest provable: the place was anchored, the anchor
and everything up to it are old enough, and no event that stays speaks of one that goes.
"""

from django.db import migrations

PRUNE = """
CREATE OR REPLACE FUNCTION audit_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- `audit_prune` alone: as the owner, and only while it runs.
    IF TG_OP = 'DELETE' AND TG_TABLE_NAME IN ('audit_event', 'audit_link')
        AND current_setting('tenantry.pruning', true) = 'on'
        AND current_user = (SELECT rolname FROM pg_class JOIN pg_roles r ON r.oid = relowner
            WHERE pg_class.oid = TG_RELID)
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit events are append-only (% refused)', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION audit_prune(upto bigint, kept_days integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    cutoff CONSTANT timestamptz := now() - make_interval(days => kept_days);
    head bytea;
    count_ bigint;
BEGIN
    IF kept_days IS NULL OR kept_days < 365 THEN
        RAISE EXCEPTION 'events are kept for 365 days or more, not %', kept_days USING ERRCODE = 'check_violation';
    END IF;
    IF current_setting('role') = 'tenantry_app' THEN
        RAISE EXCEPTION 'nothing is pruned in a technician''s scope' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock(2118785442);
    SELECT hash INTO head FROM audit_link WHERE sequence = upto;
    IF head IS NULL THEN
        RAISE EXCEPTION 'there is no link %', upto USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM audit_anchor
        WHERE customer_id IS NULL AND sequence = upto AND hash = head AND at <= cutoff) THEN
        RAISE EXCEPTION 'no anchor from before % names the place %', cutoff, upto USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM audit_link l LEFT JOIN audit_event e ON e.id = l.event_id
        WHERE l.sequence <= upto AND (l.sealed_at > cutoff OR e.id IS NULL OR e.recorded_at > cutoff)) THEN
        RAISE EXCEPTION 'not everything up to % is from before %', upto, cutoff USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM audit_link i JOIN audit_event o ON o.intent_id = i.event_id
        LEFT JOIN audit_link l ON l.event_id = o.id
        WHERE i.sequence <= upto AND (l.sequence IS NULL OR l.sequence > upto)) THEN
        RAISE EXCEPTION 'an outcome after % is of an act before it', upto USING ERRCODE = 'check_violation';
    END IF;
    SELECT count(*) INTO count_ FROM audit_link WHERE sequence <= upto;
    INSERT INTO audit_checkpoint (sequence, hash, made_at, events) VALUES (upto, head, now(), count_);
    INSERT INTO audit_customercheckpoint (checkpoint_id, customer_id, customer_sequence, customer_hash)
        SELECT DISTINCT ON (customer_id) upto, customer_id, customer_sequence, customer_hash FROM audit_link
        WHERE sequence <= upto AND customer_id IS NOT NULL ORDER BY customer_id, customer_sequence DESC;
    PERFORM set_config('tenantry.pruning', 'on', true);
    DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_link WHERE sequence <= upto);
    DELETE FROM audit_link WHERE sequence <= upto;
    PERFORM set_config('tenantry.pruning', 'off', true);
    RETURN count_;
END $$;
DO $$
BEGIN
    -- A function that runs as its owner must not follow its caller's search path.
    EXECUTE format(
        'ALTER FUNCTION audit_prune(bigint, integer) SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $$;
"""
NO_PRUNE = """
DROP FUNCTION audit_prune(bigint, integer);
CREATE OR REPLACE FUNCTION audit_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit events are append-only (% refused)', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_grants")]
    operations = [migrations.RunSQL(PRUNE, NO_PRUNE)]
