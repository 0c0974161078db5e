"""Refusals, as the API that refuses them words them."""


class ApiError(Exception):
    """A call is refused: HTTP status, error code as boto3 sees it, and the text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class EntryRefused(Exception):
    """One entry of a bulk call is refused; the others are not concerned."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class SandboxError(Exception):
    """The sandbox could not be started or asked."""


def bad_request(message: str) -> ApiError:
    """Return SES's answer to parameters it does not take."""
    return ApiError(400, "BadRequestException", message)


def not_found(message: str) -> ApiError:
    """Return SES's answer to a name it does not know."""
    return ApiError(404, "NotFoundException", message)


def throttled() -> ApiError:
    """Return SES's 429. It carries no Retry-After, as the real one carries none."""
    return ApiError(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
