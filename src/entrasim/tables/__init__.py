"""Facts of Microsoft's published tables as Python data."""
