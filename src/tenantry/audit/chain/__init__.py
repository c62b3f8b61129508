"""The hash chain over the record: one over everything, and one for each customer.

canonical   the bytes of an event and the hashes; pure, so that an export can be checked without a database
checking    walks a chain, link by link; pure
fitting     asks the database whether everything fits
pruning     removes what was kept long enough, from the beginning
sealing     gives events that were committed their links
verifying   checks the chain in the database
exporting   writes events with their links to a file
offline     checks such a file, without a database and without our keys
anchors     copies of the head of the chain that are kept elsewhere

An event is written plainly, in its own transaction or its caller's. Sealing comes after: under one lock, in the order
of ids of what is committed, each event gets a link. So no writer waits for another's transaction, and the order of the
chain is the order in which events became visible.
"""
