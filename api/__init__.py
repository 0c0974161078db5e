"""Who may ask over HTTP: the pages behind the links in the mail."""
