"""One thin Prefect task for each step: plain values in, plain values out, the client built inside."""
