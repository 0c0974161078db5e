"""Everything that has to be well for mail to go out and its outcomes to come back, looked at on its own."""
