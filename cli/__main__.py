"""`python -m cli` is the `campaign` command."""

from cli.main import main

main()
