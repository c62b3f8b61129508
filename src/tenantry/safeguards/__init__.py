"""What is asked of a technician before something is done to an account: rules by kind of account, a second person."""
