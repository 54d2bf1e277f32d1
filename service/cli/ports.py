"""Whether we may listen where we are told to."""

import socket

from service.settings import SettingsError


def check_port_is_free(host: str, port: int) -> None:
    """Raise SettingsError, naming the remedy, where the address cannot be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host} port {port} ({error.strerror or error}); "
            "stop what uses it, or set EARSHOT_HOST and EARSHOT_PORT"
        ) from error
