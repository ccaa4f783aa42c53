# SPDX-License-Identifier: Apache-2.0
"""A web server that receives webhooks, well or badly, on a port of its own."""
import socket
import ssl
import threading
import time


class Request:
    """What came: method, path, headers (lower case), body."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = lines[0].split(" ", 2)
        self.headers = {k.strip().lower(): v.strip() for k, v in (h.split(":", 1) for h in lines[1:] if h)}
        self.body, self.at = body, time.monotonic()


class WebServer:
    """how: a list of what to do with each connection, the last one for all that follow:
    a number (that status), (number, {header: value}), "hang" (reads, never answers), "deaf" (never reads), "close" (at once), "cut" (in the
    middle of the answer), "flood" (an answer without end), "garbage".  cert: a pki.Cert, None: plain."""

    def __init__(self, how=(200,), cert=None, port=0):
        self.how, self.requests, self.connections = list(how), [], 0
        self.lock, self.kept = threading.Lock(), []
        self.context = None
        if cert:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(cert.cert, cert.key)
        self.socket = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def url(self, path="/alerts", host="localhost"):
        return f"{'https' if self.context else 'http'}://{host}:{self.port}{path}"

    def stop(self):
        """Nobody listens any more."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for s in self.kept:
            s.close()

    def serve(self):
        while True:
            try:
                conn, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                how = self.how[0] if len(self.how) == 1 else self.how.pop(0)
                self.connections += 1
            threading.Thread(target=self.one, args=(conn, how), daemon=True).start()

    def one(self, conn, how):
        try:
            if how == "deaf":
                self.kept.append(conn)
                return
            if how == "close":
                conn.close()
                return
            if self.context:
                conn = self.context.wrap_socket(conn, server_side=True)
            request = self.read(conn)
            if not request:
                return
            with self.lock:
                self.requests.append(request)
            if how == "hang":
                self.kept.append(conn)
                return
            self.answer(conn, how)
            conn.close()
        except OSError:
            pass    # the other end has had enough, or a certificate is refused

    @staticmethod
    def read(conn):
        data = b""
        while b"\r\n\r\n" not in data:
            more = conn.recv(65536)
            if not more:
                return None
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        request = Request(head, body)
        while len(request.body) < int(request.headers.get("content-length", 0)):
            more = conn.recv(65536)
            if not more:
                return None
            request.body += more
        return request

    @staticmethod
    def answer(conn, how):
        if how == "cut":
            conn.sendall(b"HTTP/1.1 503 Serv")
            return
        if how == "garbage":
            conn.sendall(b"\x00\xff this is no HTTP\r\n\r\n" * 10)
            return
        if how == "flood":
            conn.sendall(b"HTTP/1.1 500 No\r\n\r\n")
            while True:
                conn.sendall(b"x" * 65536)
        status, headers = how if isinstance(how, tuple) else (how, {})
        text = "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        conn.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: 4\r\n{text}Connection: close\r\n\r\nword".encode())

    def bodies(self):
        with self.lock:
            return [r.body for r in self.requests]
