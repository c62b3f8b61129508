"""Custody of the record: anchors go where nobody here can change them, it is checked daily, what was kept long goes."""
