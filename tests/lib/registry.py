# SPDX-License-Identifier: Apache-2.0
"""
Registries for tests, all on loopback, each on a port that the kernel chose:
Registry is Debian's docker-registry (plain, TLS, htpasswd, tokens), TokenServer gives tokens for it,
FakeRegistry answers whatever a test wants.  Image is what is pushed to them.
"""
import base64
import datetime
import gzip
import hashlib
import http.client
import http.server
import io
import json
import os
import re
import shutil
import ssl
import subprocess
import tarfile
import tempfile
import threading
import time
import urllib.parse

import daemon

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(media, data, **more):
    return {"mediaType": media, "digest": digest(data), "size": len(data), **more}


def as_json(value):
    return json.dumps(value, separators=(",", ":")).encode()


def tar_gz(files):
    """A layer of {name: bytes}."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), mtime=0)


class Image:
    """One manifest with its blobs.  layer: bytes of a layer in the place of one with this object."""

    def __init__(self, obj=b"", programs=None, maps=None, layer=None, arch="amd64", labels=None):
        if labels is None:
            labels = {"io.ebpf.programs": json.dumps(programs or {}), "io.ebpf.maps": json.dumps(maps or {})}
        self.arch = arch
        self.layer = tar_gz({"program.o": obj}) if layer is None else layer
        self.config = as_json({"architecture": arch, "os": "linux", "config": {"Labels": labels},
                               "rootfs": {"type": "layers", "diff_ids": []}})
        self.manifest = as_json({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, self.config),
            "layers": [descriptor(LAYER, self.layer)]})
        self.digest = digest(self.manifest)
        self.blobs = [self.config, self.layer]


def index_of(images):
    """The index of images of several architectures."""
    return as_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        descriptor(MANIFEST, i.manifest, platform={"os": "linux", "architecture": i.arch}) for i in images]})


def sample(name="count"):
    """An object of the build: bytes."""
    with open(os.path.join(daemon.BUILD, "bpf", "samples", name + ".bpf.o"), "rb") as f:
        return f.read()


class Registry:
    """docker-registry.  cert: of pki.py; users: {name: password}; token: a TokenServer."""

    def __init__(self, cert=None, ca=None, users=None, token=None, host="127.0.0.1"):
        self.dir = tempfile.mkdtemp(prefix="bpfd-registry-")
        self.ca, self.users, self.token, self.tls = ca, users or {}, token, cert is not None
        lines = ["version: 0.1", "log: {level: info, formatter: json}",
                 f"storage: {{filesystem: {{rootdirectory: {self.dir}/data}}, delete: {{enabled: true}}}}",
                 f"http: {{addr: '{host}:0', secret: bpfd" +
                 (f", tls: {{certificate: {cert.cert}, key: {cert.key}}}" if cert else "") + "}"]
        if users:
            with open(f"{self.dir}/htpasswd", "w", encoding="ascii") as f:
                for name, password in users.items():
                    f.write(subprocess.run(["htpasswd", "-Bbn", "-C", "4", name, password], check=True,
                                           capture_output=True, text=True).stdout)
            lines.append(f"auth: {{htpasswd: {{realm: bpfd, path: {self.dir}/htpasswd}}}}")
        if token:
            lines.append(f"auth: {{token: {{realm: '{token.url}/token', service: {token.service}, "
                         f"issuer: {token.issuer}, rootcertbundle: {token.cert.cert}}}}}")
        with open(f"{self.dir}/config.yml", "w", encoding="ascii") as f:
            f.write("\n".join(lines) + "\n")
        with open(f"{self.dir}/log", "w", encoding="utf-8") as log:
            self.proc = subprocess.Popen(["docker-registry", "serve", f"{self.dir}/config.yml"], stdout=log,
                                         stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.port = self._port()
        self.address = f"{host}:{self.port}"
        self.url = f"{'https' if self.tls else 'http'}://{self.address}"

    def _port(self):
        for _ in range(1000):
            found = re.search(r"listening on [^ \"]*:(\d+)", self.log())
            if found:
                return int(found[1])
            if self.proc.poll() is not None:
                break
            time.sleep(0.01)
        raise RuntimeError("docker-registry does not listen: " + self.log())

    def log(self):
        with open(f"{self.dir}/log", encoding="utf-8") as f:
            return f.read()

    def close(self):
        self.proc.terminate()
        self.proc.wait()
        shutil.rmtree(self.dir)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _request(self, method, path, body=None, headers=None):
        host, port = self.address.rsplit(":", 1)
        host = host.strip("[]")
        if self.tls:
            c = http.client.HTTPSConnection(host, int(port), context=ssl.create_default_context(cafile=self.ca))
        else:
            c = http.client.HTTPConnection(host, int(port))
        headers = dict(headers or {})
        if self.users:
            name, password = next(iter(self.users.items()))
            headers["Authorization"] = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
        elif self.token:
            repo = re.match("/v2/(.*)/(blobs|manifests)/", path)[1]
            access = {"type": "repository", "name": repo, "actions": ["pull", "push"]}
            headers["Authorization"] = "Bearer " + self.token.token("test", [access])
        c.request(method, path, body, headers)
        answer = c.getresponse()
        answer.body = answer.read()
        c.close()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body}")
        return answer

    def push_blob(self, repo, data):
        to = urllib.parse.urlsplit(self._request("POST", f"/v2/{repo}/blobs/uploads/").getheader("Location"))
        self._request("PUT", f"{to.path}?{to.query}&digest={digest(data)}", data,
                      {"Content-Type": "application/octet-stream"})

    def push_manifest(self, repo, tag, data, media=MANIFEST):
        self._request("PUT", f"/v2/{repo}/manifests/{tag}", data, {"Content-Type": media})
        return digest(data)

    def push(self, repo, tag, *images):
        """One image, or the index of several.  The digest of what the tag names."""
        for i in images:
            for blob in i.blobs:
                self.push_blob(repo, blob)
            if len(images) == 1:
                return self.push_manifest(repo, tag, i.manifest)
            self.push_manifest(repo, i.digest, i.manifest)
        return self.push_manifest(repo, tag, index_of(images), INDEX)


def serve(handler, cert=None):
    """A server in a thread of this process; handler's class attribute owner is the caller's."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None    # a test that breaks a connection says itself what came of it
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert.cert, cert.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


class Handler(http.server.BaseHTTPRequestHandler):
    """Notes each request; owner.answer(self) answers it."""
    protocol_version = "HTTP/1.1"
    owner = None

    def log_message(self, *_):
        pass

    def any(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length) if length else b""
        self.owner.requests.append((self.command, self.path, dict(self.headers.items())))
        if self.body:
            self.owner.bodies.append(self.body)
        try:
            self.owner.answer(self)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = any

    def give(self, status, body=b"", **headers):
        """headers: with _ for -."""
        self.send_response(status)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        names.setdefault("Content-Length", str(len(body)))
        for name, value in names.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code, message, **headers):
        self.give(status, as_json({"errors": [{"code": code, "message": message}]}), Content_Type="application/json",
                  **headers)


class Server:
    """A server whose answers a test decides.  requests: (method, path, headers) of each, in order; bodies: of those that have one."""

    def __init__(self, cert=None):
        self.requests, self.bodies = [], []
        self.server = serve(type("H", (Handler,), {"owner": self}), cert)
        self.port = self.server.server_address[1]
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if cert else 'http'}://{self.address}"

    def answer(self, request):
        request.error(404, "NOT_FOUND", "there is nothing here")

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class TokenServer(Server):
    """
    Tokens for a Registry.  users: {name: password}, who may do everything; public: anybody may pull.
    cert: of pki.py, an EC key: signs the tokens, and is the server's own when tls.
    """
    service, issuer = "bpfd-registry", "bpfd-tokens"

    def __init__(self, cert, users=None, public=True, tls=False):
        self.cert, self.users, self.public = cert, users or {}, public
        super().__init__(cert if tls else None)

    def token(self, subject, access):
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        def b64(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

        with open(self.cert.key, "rb") as f:
            key = serialization.load_pem_private_key(f.read(), None)
        with open(self.cert.cert, encoding="ascii") as f:
            der = ssl.PEM_cert_to_DER_cert(f.read())
        now = int(datetime.datetime.now().timestamp())
        head = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
        body = {"iss": self.issuer, "sub": subject, "aud": self.service, "exp": now + 300, "nbf": now - 60,
                "iat": now, "jti": str(len(self.requests)), "access": access}
        text = b64(as_json(head)) + "." + b64(as_json(body))
        r, s = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return text + "." + b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def answer(self, request):
        asked = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)
        who = request.headers.get("Authorization", "")
        name, _, password = base64.b64decode(who[6:]).decode().partition(":") if who.startswith("Basic ") else ("", "", "")
        if name and self.users.get(name) != password:
            return request.error(401, "UNAUTHORIZED", "no such user or password")
        access = []
        for scope in asked.get("scope", []):
            kind, repo, actions = scope.split(":")
            may = actions.split(",") if name else ["pull"] if self.public and "pull" in actions else []
            access.append({"type": kind, "name": repo, "actions": may})
        return request.give(200, as_json({"token": self.token(name, access), "expires_in": 300}),
                            Content_Type="application/json")


class FakeRegistry(Server):
    """
    A registry as far as a pull needs one.  blobs and manifests are what it has; trick(request) may
    answer in its place: it returns True when it has.
    """

    def __init__(self, cert=None, trick=None):
        self.blobs, self.manifests, self.trick = {}, {}, trick
        super().__init__(cert)

    def push(self, tag, *images):
        for i in images:
            self.manifests[i.digest] = (MANIFEST, i.manifest)
            self.blobs.update({digest(b): b for b in i.blobs})
        media, data = (MANIFEST, images[0].manifest) if len(images) == 1 else (INDEX, index_of(images))
        self.manifests[tag] = self.manifests[digest(data)] = (media, data)
        return digest(data)

    def answer(self, request):
        if self.trick and self.trick(request):
            return None
        path = urllib.parse.urlsplit(request.path).path
        if path == "/v2/":
            return request.give(200, b"{}", Content_Type="application/json")
        what, name = path.split("/")[-2:]
        if what == "manifests" and name in self.manifests:
            media, data = self.manifests[name]
            return request.give(200, data, Content_Type=media, Docker_Content_Digest=digest(data))
        if what == "blobs" and name in self.blobs:
            return self.give_blob(request, self.blobs[name])
        return request.error(404, "MANIFEST_UNKNOWN" if what == "manifests" else "BLOB_UNKNOWN", "no such thing")

    @staticmethod
    def give_blob(request, data):
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if not wanted:
            return request.give(200, data, Content_Type="application/octet-stream", Accept_Ranges="bytes")
        first = int(wanted[1])
        if first >= len(data):
            return request.error(416, "RANGE_INVALID", "beyond the end")
        return request.give(206, data[first:], Content_Type="application/octet-stream",
                            Content_Range=f"bytes {first}-{len(data) - 1}/{len(data)}")
