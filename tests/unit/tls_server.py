#!/usr/bin/python3
"""A TLS server for stream_test: one port for each argument NAME:VERSIONS (12, 13, 11 or plain; 12c: a client needs a certificate of root.pem's), certificates NAME.chain and
NAME.key in the current directory. Prints the ports in order. Ends when its standard input does.

After the handshake a client sends one line: "echo N" gets N bytes back, "send N clean" gets N bytes and a close_notify,
"send N cut" gets N bytes and the end of the connection without one, "early N" gets "stop", and "done" for N bytes,
"GET /KIND-END HTTP/1.1" an answer of the KIND length, chunked or close (how its body is framed), with the END as above."""

import socket
import ssl
import sys
import threading
import warnings

warnings.simplefilter("ignore", DeprecationWarning)
VERSIONS = {"11": ssl.TLSVersion.TLSv1_1, "12": ssl.TLSVersion.TLSv1_2, "13": ssl.TLSVersion.TLSv1_3}


def context(name, version):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("ALL:@SECLEVEL=0")
    made.load_cert_chain(name + ".chain", name + ".key")
    if version.endswith("c"):
        made.load_verify_locations("root.pem")
        made.verify_mode = ssl.CERT_REQUIRED
    version = version[:2]
    made.minimum_version = made.maximum_version = VERSIONS[version]
    return made


def read_exactly(connection, count):
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            break
        data += piece
    return data


def read_line(connection):
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte:
            break
        line += byte
    return line.decode().split()


ANSWERS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
}


def answer(connection, path):
    while read_line(connection):
        pass
    kind, end = path.strip("/").split("-")
    connection.sendall(ANSWERS[kind])
    if end == "clean":
        connection.unwrap()


def serve(connection):
    words = read_line(connection)
    if words[:1] == ["GET"]:
        answer(connection, words[1])
    elif words[:1] == ["echo"]:
        connection.sendall(read_exactly(connection, int(words[1])))
        connection.recv(1)
        connection.unwrap()  # without it openssl forgets the session
    elif words[:1] == ["early"]:
        connection.sendall(b"stop")
        count = len(read_exactly(connection, int(words[1])))
        connection.sendall(b"done" if count == int(words[1]) else b"lost")
        connection.recv(1)
    elif words[:1] == ["send"]:
        connection.sendall(b"x" * int(words[1]))
        if words[2] == "clean":
            connection.unwrap()


def handle(connection, tls):
    try:
        if tls is None:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.recv(1000)
        else:
            connection = tls.wrap_socket(connection, server_side=True)
            serve(connection)
    except OSError:
        pass
    finally:
        connection.close()


def listen(listener, tls):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=handle, args=(connection, tls), daemon=True).start()


def main():
    for argument in sys.argv[1:]:
        name, version = argument.split(":")
        tls = None if version == "plain" else context(name, version)
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=listen, args=(listener, tls), daemon=True).start()
        print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


main()
