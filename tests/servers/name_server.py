"""A name server for tests: it answers as it is told, or not at all, over UDP and TCP on port 53 of a loopback address of its own."""
import errno
import ipaddress
import os
import socket
import struct
import threading

NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
_TYPES = {4: 1, 6: 28}  # A, AAAA


class Dns:
    """names: from a name to a list of addresses, or to a code; None: no answer; something to call: nor then. asked: (transport, name, type) of each query.

    An answer of more than 512 bytes is cut on UDP with the TC bit set, and whole on TCP. Needs the right to bind port 53.
    """

    def __init__(self, names):
        self.names, self.asked = names, []
        self._udp, self._tcp, self.address = self._bind()

    def _bind(self):
        for _ in range(64):
            address = f"127.53.{os.getpid() % 250}.{os.urandom(1)[0] % 250 + 1}"
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                udp.bind((address, 53))
                return udp, socket.create_server((address, 53)), address
            except OSError as error:
                udp.close()
                if error.errno != errno.EADDRINUSE:
                    raise
        raise OSError("no free loopback address for a name server")

    def start(self):
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()
        return self

    def stop(self):
        for listener in (self._udp, self._tcp):
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # a UDP socket has nobody to tell
            listener.close()

    def _serve_udp(self):
        while True:
            try:
                query, peer = self._udp.recvfrom(4096)
                if not query:  # shut down
                    return
                answer = self._answer(query, "udp")
                if answer:
                    self._udp.sendto(answer, peer)
            except OSError:
                return

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as file:
                (size,) = struct.unpack(">H", file.read(2))
                answer = self._answer(file.read(size), "tcp")
                connection.sendall(struct.pack(">H", len(answer)) + answer)

    def _answer(self, query, transport):
        name, at = [], 12
        while query[at]:
            name.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12 : at + 5]
        kind = struct.unpack(">H", query[at + 1 : at + 3])[0]
        self.asked.append((transport, ".".join(name), kind))
        known = self.names.get(".".join(name), NXDOMAIN)
        if callable(known):
            known = known()
        if known is None:
            return None
        code, addresses = (known, []) if isinstance(known, int) else (NOERROR, map(ipaddress.ip_address, known))
        records = [b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60, len(a.packed)) + a.packed for a in addresses if _TYPES[a.version] == kind]
        flags = 0x8180 | code
        body = b"".join(records)
        if transport == "udp" and 12 + len(question) + len(body) > 512:
            flags, records, body = flags | 0x0200, [], b""
        return query[:2] + struct.pack(">HHHHH", flags, 1, len(records), 0, 0) + question + body
