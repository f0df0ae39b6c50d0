"""A reader of a long answer: drain.py PORT PATH FILE; says so at the first byte, reads until ended."""

import pathlib
import socket
import sys

from server import send

_, port, path, file = sys.argv
with socket.socket() as connection:
    send(connection, int(port), path, pathlib.Path(file).read_bytes(), "image/png")
    room = bytearray(1 << 20)
    got = connection.recv_into(room)
    print(room[:got].partition(b"\r\n")[0].decode("latin-1"), flush=True)
    while got:
        got = connection.recv_into(room)
print("end", flush=True)
