"""Caller verification: proofs that somebody on the telephone is who they say, each good for one act."""
