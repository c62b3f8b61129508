"""Our mirror of each tenant's directory, fed by delta queries, so that lists and search never wait for Microsoft."""
