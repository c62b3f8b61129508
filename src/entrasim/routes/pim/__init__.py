"""PIM over Graph: schedules, their instances now, requests that make them, and the policies of roles."""

from entrasim.routes.pim import policies, requests, schedules

__all__ = ["policies", "requests", "schedules"]
