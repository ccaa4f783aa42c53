# SPDX-License-Identifier: Apache-2.0
"""The least of a gRPC client, so that the bench measures the server: one call at a time, no library."""
import socket
import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
FRAME_MAX = 16384


class Refused(Exception):
    """The server did not answer with a message."""


def literal(name, value):
    """A header field that nobody indexes, without Huffman."""
    return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


class Connection:
    """One HTTP/2 connection on a unix socket."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(path)
        self.stream = 1
        self.window = 65535
        self.buffer = b""
        self.sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self.frame(SETTINGS, 0, 0, b"")
                          + self.frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1 << 30)))

    @staticmethod
    def frame(kind, flags, stream, payload):
        return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload

    def read(self):
        """One frame: kind, flags, stream, payload."""
        while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            got = self.sock.recv(65536)
            if not got:
                raise Refused("connection closed")
            self.buffer += got
        size = int.from_bytes(self.buffer[:3], "big")
        frame, self.buffer = self.buffer[:9 + size], self.buffer[9 + size:]
        return frame[3], frame[4], struct.unpack(">I", frame[5:9])[0], frame[9:]

    def serve(self, kind, flags, stream, payload):
        """Frames that belong to the connection."""
        if kind == SETTINGS and not flags & ACK:
            self.sock.sendall(self.frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self.sock.sendall(self.frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE and stream == 0:
            self.window += struct.unpack(">I", payload)[0]
        elif kind == GOAWAY:
            raise Refused("GOAWAY")

    def send_body(self, stream, body):
        """In frames, within the windows of the connection and (65535 at first) of the stream."""
        window = 65535
        while body:
            while min(window, self.window) <= 0:
                kind, flags, on, payload = self.read()
                self.serve(kind, flags, on, payload)
                if kind == WINDOW_UPDATE and on == stream:
                    window += struct.unpack(">I", payload)[0]
            n = min(FRAME_MAX, window, self.window, len(body))
            part, body = body[:n], body[n:]
            self.sock.sendall(self.frame(DATA, 0 if body else END_STREAM, stream, part))
            window -= n
            self.window -= n

    def call(self, method, message):
        """/package.Service/Method and the request's bytes; returns the answer's bytes."""
        stream, self.stream = self.stream, self.stream + 2
        head = b"".join(literal(n, v) for n, v in ((":method", "POST"), (":scheme", "http"), (":path", method),
                        (":authority", "bpfd"), ("content-type", "application/grpc"), ("te", "trailers")))
        self.sock.sendall(self.frame(HEADERS, END_HEADERS, stream, head))
        self.send_body(stream, struct.pack(">BI", 0, len(message)) + message)
        answer, trailers = b"", b""
        while True:
            kind, flags, on, payload = self.read()
            if on != stream:
                self.serve(kind, flags, on, payload)
                continue
            if kind == DATA:
                answer += payload
            elif kind == HEADERS:
                trailers = payload
            if kind == RST_STREAM or flags & END_STREAM and kind in (DATA, HEADERS):
                break
        if len(answer) < 5:
            raise Refused(f"{method}: {trailers!r}")
        return answer[5:]


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    """One protobuf field: an int as varint, text or bytes with its length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def fields(data):
    """(number, value) of each field of a message; fixed-size types do not occur in ours."""
    at = 0

    def read_varint():
        nonlocal at
        n = shift = 0
        while True:
            byte = data[at]
            at += 1
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n
    while at < len(data):
        key = read_varint()
        value = read_varint()
        if key & 7 == 2:
            value, at = data[at:at + value], at + value
        yield key >> 3, value
