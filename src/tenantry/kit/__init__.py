"""What every domain may use and none owns: actors, time, decisions, jobs, secrets, state moves."""
