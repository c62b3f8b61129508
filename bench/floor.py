"""The floor of a first sync: the same pages, fetched with bare urllib3 and merged with COPY into an identical table."""

import time
import uuid

import orjson
import psycopg
import urllib3

_COLUMNS = (
    "object_id, user_principal_name, display_name, mail, domain, account_enabled, user_type, external_user_state, "
    "is_synced, is_management_restricted, password_policies, last_password_change_at, created_at, sku_ids, "
    "mobile_phone, usage_location"
)
_STAGE = """
CREATE TEMPORARY TABLE stage (object_id uuid, user_principal_name text, display_name text, mail text, domain text,
 account_enabled boolean, user_type text, external_user_state text, is_synced boolean,
 is_management_restricted boolean, password_policies text, last_password_change_at timestamptz,
 created_at timestamptz, sku_ids uuid[], mobile_phone text, usage_location text)
"""
_TABLE = """
DROP TABLE IF EXISTS floor_user;
CREATE TABLE floor_user (LIKE directory_directoryuser INCLUDING ALL)
"""
_UPDATES = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ")[1:])
_MERGE = f"""
INSERT INTO floor_user (tenant_id, generation, {_COLUMNS}) SELECT %s, 1, {_COLUMNS} FROM stage
ON CONFLICT (tenant_id, object_id) DO UPDATE SET {_UPDATES}
"""


def _line(user: dict[str, object]) -> str:
    address = str(user["userPrincipalName"])
    licences = user["assignedLicenses"]
    assert isinstance(licences, list)
    return "\t".join(
        (
            str(user["id"]),
            address,
            str(user["displayName"]),
            str(user["mail"] or ""),
            address.rpartition("@")[2],
            "t" if user["accountEnabled"] else "f",
            str(user["userType"] or "Member"),
            str(user["externalUserState"] or ""),
            "t" if user["onPremisesSyncEnabled"] else "f",
            "t" if user["isManagementRestricted"] else "f",
            str(user["passwordPolicies"] or ""),
            str(user["lastPasswordChangeDateTime"]),
            str(user["createdDateTime"]),
            "{" + ",".join(licence["skuId"] for licence in licences) + "}",
            str(user["mobilePhone"] or ""),
            str(user["usageLocation"] or ""),
        )
    )


def first_sync(address: str, url: str, ca_file: str) -> float:
    """Seconds that the bare programme takes."""
    pool = urllib3.PoolManager(ca_certs=ca_file)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(_TABLE)
        connection.execute(_STAGE)
        tenant = uuid.uuid4()
        started = time.perf_counter()
        link: str | None = f"{url}/v1.0/users/delta"
        while link:
            document = orjson.loads(pool.request("GET", link).data)
            rows = {user["id"]: user for user in document["value"]}
            with connection.transaction():
                connection.execute("SET LOCAL synchronous_commit = off")
                connection.execute("TRUNCATE stage")
                with connection.cursor().copy(f"COPY stage ({_COLUMNS}) FROM STDIN") as copy:
                    copy.write("\n".join(map(_line, rows.values())) + "\n")
                connection.execute(_MERGE, (tenant,))
            link = document.get("@odata.nextLink")
        return time.perf_counter() - started
