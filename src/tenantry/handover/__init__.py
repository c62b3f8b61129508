"""Send it: the road handed to the customer's own administrator, as an expiring page or a script for their tenant."""
