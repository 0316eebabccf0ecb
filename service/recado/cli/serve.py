"""`recado serve`."""

from recado.cli.shared import configure_logging, read_settings
from recado.settings import SERVE_NEEDS


def serve() -> None:
    """Receive Meta's webhooks and send the replies."""
    settings = read_settings(SERVE_NEEDS)
    configure_logging(settings)
    from recado.http import server

    server.serve(settings)
