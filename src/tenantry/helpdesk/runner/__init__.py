"""Carries an operation from its row to its proof. Started by a job or by the sweep; safe to start at any time."""

from tenantry.helpdesk.runner.work import run

__all__ = ["run"]
