"""Who can do what to whom, and why not: Microsoft's rules as pure functions.

Nothing here reads a database, a clock or the network. Facts go in, a `Decision` comes out. Predictions follow
Microsoft's published tables; the live answer of Graph always has the last word.

    roles         the built-in directory roles, and the choice of role for a connection
    permissions   the Graph application permissions we ask for, each with its reason
    matrices      both official tables, cell by cell
    decide        one action on one user through one connection
"""

from tenantry.reach.decide import Action, Reacher, Target, decide, explain_all, least_roles

__all__ = ["Action", "Reacher", "Target", "decide", "explain_all", "least_roles"]
