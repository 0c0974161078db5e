"""What is run, and in what order, on Prefect."""
