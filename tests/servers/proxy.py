"""A proxy for tests: it opens tunnels (CONNECT) to one port of this machine, whatever name was asked for, and remembers what it was told."""
import base64
import socket
import threading


class Proxy:
    """Listens on a free loopback port from start() to stop(). user: "name:password" that it wants; heads: what clients sent, as text."""

    def __init__(self, port, user=None, answer=None):
        self.heads = []
        self._to, self._answer = port, answer
        self._wanted = user and "Basic " + base64.b64encode(user.encode()).decode()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://{user + '@' if user else ''}127.0.0.1:{self.port}"

    def start(self):
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def stop(self):
        self._listener.close()

    def _listen(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, client):
        with client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = client.recv(1)
                if not byte:
                    return
                head += byte
            self.heads.append(head.decode())
            if self._answer:
                client.sendall(self._answer)
            elif self._wanted and f"\r\nProxy-Authorization: {self._wanted}\r\n" not in self.heads[-1]:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            else:
                self._relay(client)

    def _relay(self, client):
        with socket.create_connection(("127.0.0.1", self._to)) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=_copy, args=(server, client), daemon=True).start()
            _copy(client, server)


def _copy(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass
