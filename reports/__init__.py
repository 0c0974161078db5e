"""How it went: the list-cleaning report and the campaign report."""
