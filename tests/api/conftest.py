"""Lets the tests import Starlette's client."""

import warnings

with warnings.catch_warnings():
    # Starlette warns on import that it would rather have httpx2; httpx comes with Prefect and serves.
    warnings.filterwarnings("ignore", message="Using `httpx` with")
    import fastapi.testclient  # noqa: F401
