"""Tags of this domain in the record."""

from enum import StrEnum


class RoadEvent(StrEnum):
    """What happens on a road that the console walks itself."""

    ADMINISTRATOR_LEFT = "roads.administrator_left"
    ADMINISTRATOR_SIGNED_IN = "roads.administrator_signed_in"
    GRANT_TAKEN_BACK = "roads.grant_taken_back"
    GROUP_CREATED = "roads.group_created"
    MEMBER_ADDED = "roads.member_added"
    ROLE_ASSIGNED = "roads.role_assigned"
    WORK_ENDED = "roads.work_ended"
