"""What is done about the record itself.

keeping     anchors are taken and handed to whoever keeps them
retaining   what was kept long enough goes
checking    the chain is checked, and alerts tell what was found
"""
