"""Sends the head and the body of the application's responses in one write."""

import asyncio

ONE_WRITE = 64 * 1024  # bytes of a body that is sent with its head
_CONTINUE = b"HTTP/1.1 100 "


class SingleWrite:
    """A transport for one response of the application. Sends the head with the body."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self.is_closing():  # the client is gone, and uvicorn does not know yet
            return
        if self._head is None and not data.startswith(_CONTINUE):
            self._head = data
        elif not self._head:
            self._transport.write(data)
        else:
            head, self._head = self._head, b""
            if len(data) <= ONE_WRITE:  # copying more costs more than a second packet
                head += data
                data = b""
            self._transport.write(head)
            if data:
                self._transport.write(data)

    def close(self) -> None:
        if self._head and not self.is_closing():
            self._transport.write(self._head)
        self._transport.close()
