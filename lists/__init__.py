"""Who may be written to: sources, hygiene rules, mail servers, suppression and consent."""
