"""The ways in which the far side can fail us, named by what follows."""


class ConnectorError(Exception):
    """Something went wrong on the far side. The text is a sentence for an administrator."""


class Transient(ConnectorError):
    """Try again later; whether anything changed there is not known."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the far side asked us to wait, if it did."""


class CursorLost(ConnectorError):
    """The directory no longer knows what changed since: a full read must come first."""


class Refused(ConnectorError):
    """Understood and declined. Asking again would be declined again."""


class Foreign(Refused):
    """The object exists there and is not ours; it was left alone."""

    def __init__(self, message: str, remote_id: str) -> None:
        super().__init__(message)
        self.remote_id = remote_id


class Gone(Refused):
    """The object we hold a binding for is no longer there."""


class Misconfigured(ConnectorError):
    """Our address, credentials or settings are wrong. Everything else would fail too."""
