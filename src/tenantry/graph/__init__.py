"""The only speaker to Microsoft: tokens, transport, errors, pages, batches and one function per remote call."""
