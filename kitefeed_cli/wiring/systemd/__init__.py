"""`kitefeed service`: a run as a unit of systemd. `unit` is its text, `units` its file and what systemd is told."""
