"""One function per remote call: keyword-only arguments, a frozen dataclass as answer, Microsoft's page in the docstring."""
