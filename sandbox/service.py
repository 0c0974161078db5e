"""The sandbox's process: opens the ports, says where they are, serves until told to stop."""

import asyncio
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack

from sandbox.errors import SandboxError
from sandbox.options import HOST, SandboxOptions

# Real endpoints keep an idle connection for longer than SDK pools use it; a shorter time here would make
# calls fail on connections that the server has just closed.
_KEEP_ALIVE_SECONDS = 3600
_PARENT_CHECK_SECONDS = 0.5


def serve(options: SandboxOptions) -> None:
    """Serve until SIGTERM or SIGINT, or until the parent process is gone where the options ask for it.

    On readiness the environment goes to stdout as `NAME=value` lines, then a line `ready`. Raises
    SandboxError where a port cannot be had or a zone file is wrong.
    """
    asyncio.run(_serve(options, os.getppid()))


async def _serve(options: SandboxOptions, parent: int) -> None:
    # These take a while to import, which a process that only starts a sandbox should not pay.
    from uvicorn import Config, Server

    from sandbox.dns_server import serve_dns
    from sandbox.premade import environment
    from sandbox.s3 import serve_s3
    from sandbox.server import App, DroppableProtocol

    async with AsyncExitStack() as stack:
        listening = stack.enter_context(_listen(options.port))
        base_url = _url(listening)
        app = App(options, base_url)
        stack.push_async_callback(app.close)
        dns = await serve_dns(options.dns_port, lambda: app.world)
        stack.callback(dns.close)
        # The thread that serves S3 owns its socket until the process ends.
        s3_socket = _listen(options.s3_port) if options.s3 else None
        config = Config(
            app,
            http=DroppableProtocol,
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
        )
        server = Server(config)

        def end() -> None:
            app.world.stop_waiting()
            server.should_exit = True

        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        # uvicorn's own handlers would end the process by the signal, with a status that reads like a crash.
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, end)
        if s3_socket is not None:
            threading.Thread(target=serve_s3, args=(s3_socket,), daemon=True).start()
        if options.exit_with_parent:
            watching = asyncio.create_task(_end_without(parent, end))
            stack.callback(watching.cancel)
        variables = environment(base_url, _url(s3_socket) if s3_socket else None, dns.port)
        sys.stdout.write("".join(f"{name}={value}\n" for name, value in variables.items()) + "ready\n")
        sys.stdout.flush()
        await serving


async def _end_without(parent: int, end: Callable[[], None]) -> None:
    # The parent's death is seen by being given another one, which works on every Unix.
    while os.getppid() == parent:
        await asyncio.sleep(_PARENT_CHECK_SECONDS)
    end()


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is named; left on, it costs 40 ms a call.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except (OSError, OverflowError) as err:
        listening.close()
        why = getattr(err, "strerror", None) or "ports end at 65535"
        raise SandboxError(f"Port {port} on {HOST} cannot be had: {why}.") from err
    listening.listen(1024)
    return listening


def _url(listening: socket.socket) -> str:
    return f"http://{HOST}:{listening.getsockname()[1]}"
