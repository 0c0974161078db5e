"""Ports to serve on: found to be taken before anything is started, and said in one sentence."""

import os
import socket

import click

PORT = click.IntRange(1, 65535)


def refuse_taken(host: str, port: int, option: str = "--port") -> None:
    """Raise ClickException, which ends with exit code 1, where nobody can listen on a port of `host`."""
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind, protocol) as probe:
                # As the servers do: a connection of an earlier one that has not ended yet is no hindrance.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except (OSError, UnicodeError) as err:
        # getaddrinfo counts its own errors below zero.
        number = (err.errno or 0) if isinstance(err, OSError) else 0
        why = os.strerror(number) if number > 0 else "no such host"
        raise click.ClickException(
            f"port {port} on {host} cannot be had ({why}): end what serves there, or choose another "
            f"with {option}."
        ) from err
