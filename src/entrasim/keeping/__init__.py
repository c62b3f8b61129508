"""Keeping a world over restarts: in one file, whole at every moment, read strictly.

`codec` turns state into JSON and back, `store` keeps parts in a file, `keeper` knows which parts make a simulator.
"""
