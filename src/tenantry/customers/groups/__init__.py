"""Customer groups: customers that belong together for those who look after them."""
