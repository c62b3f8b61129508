"""Customers of the MSP: the isolation boundary everything else hangs on."""
