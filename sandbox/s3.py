"""S3, which is moto's."""

import logging
import socket


def serve_s3(listening: socket.socket) -> None:
    """Serve moto's S3 on a socket that listens already, for ever.

    Calls that come while moto is being imported wait in the socket's backlog.
    """
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    host, port = listening.getsockname()
    application = DomainDispatcherApplication(create_backend_app)
    make_server(
        host, port, application, threaded=True, request_handler=MotoRequestHandler, fd=listening.fileno()
    ).serve_forever()
