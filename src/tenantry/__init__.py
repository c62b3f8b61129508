"""Tenantry: the console with which an MSP connects, proves and works in its customers' Entra tenants."""
