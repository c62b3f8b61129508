"""The routes: parse, call one action or query, answer."""
