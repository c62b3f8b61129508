"""Ready-made worlds. All people, companies and domains in them are invented."""
