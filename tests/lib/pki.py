# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for a test, by openssl, and the certificates that it signs."""
import collections
import os
import subprocess

Cert = collections.namedtuple("Cert", "cert key")    # paths of PEM files
LOOPBACK = ("DNS:localhost", "IP:127.0.0.1", "IP:::1")
CONF = """
[ca]
default_ca = this
[this]
dir = {dir}
new_certs_dir = {dir}
database = {dir}/index.txt
serial = {dir}/serial
certificate = {dir}/ca.pem
private_key = {dir}/ca.key
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
[v3_ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[req]
distinguished_name = dn
[dn]
"""


def openssl(*args):
    done = subprocess.run(["openssl", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(args)}: {done.stderr}")


class Pki:
    """directory: a folder that the test removes.  ca: path of the root's certificate, PEM."""

    def __init__(self, directory, name="bpfd test CA"):
        self.dir, self.n = directory, 0
        os.makedirs(directory, exist_ok=True)
        self.ca, self.conf = self.path("ca.pem"), self.path("ca.conf")
        self.write("ca.conf", CONF.format(dir=directory))
        self.write("index.txt", "")
        self.write("serial", "01\n")
        openssl("req", "-x509", "-config", self.conf, "-extensions", "v3_ca", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={name}",
                "-keyout", self.path("ca.key"), "-out", self.ca)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def server(self, names=LOOPBACK, begins="", ends="", usage="serverAuth"):
        """A certificate for those names.  begins, ends: 20200101000000Z; without: now, in 30 days."""
        self.n += 1
        stem = f"leaf{self.n}"
        key, csr, cert = (self.path(stem + end) for end in (".key", ".csr", ".pem"))
        self.write(stem + ".ext", f"basicConstraints=CA:FALSE\nextendedKeyUsage={usage}\nsubjectAltName={','.join(names)}\n")
        openssl("req", "-new", "-config", self.conf, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", f"/CN={stem}", "-keyout", key, "-out", csr)
        openssl("ca", "-batch", "-notext", "-config", self.conf, "-extfile", self.path(stem + ".ext"), "-in", csr,
                "-out", cert, *(("-startdate", begins) if begins else ()),
                *(("-enddate", ends) if ends else ("-days", "30")))
        return Cert(cert, key)

    def expired(self, names=LOOPBACK):
        return self.server(names, begins="20200101000000Z", ends="20200201000000Z")
