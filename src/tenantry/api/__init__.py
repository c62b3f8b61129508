"""The REST API: an edge like the screens, over the same actions and queries, for programs with a token."""
