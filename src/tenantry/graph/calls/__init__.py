"""One function per remote call.

Keyword-only arguments, a frozen dataclass as answer, and in the docstring Microsoft's page and the least permission.
"""
