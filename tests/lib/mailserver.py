# SPDX-License-Identifier: Apache-2.0
"""Mail servers for a test: Debian's aiosmtpd for SMTP, and one for LMTP, which answers for each recipient."""
import asyncio
import collections
import email
import email.policy
import socket
import ssl
import threading

from aiosmtpd.smtp import SMTP, AuthResult

Mail = collections.namedtuple("Mail", "sender to text mail login tls")    # mail: email.message, text: its body


def parsed(sender, to, raw, login=None, tls=False):
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    return Mail(sender, list(to), mail.get_content(), mail, login, tls)


class Smtp:
    """tls: "", "starttls" or "tls", with a cert of pki.py.  users: name -> password, who must log in.  answer(step, what): an
    answer of the test's in place of the server's, at RCPT and DATA.  It can be stopped and started again at its port."""

    def __init__(self, tls="", cert=None, users=None, answer=None):
        self.tls, self.users, self.answer = tls, users, answer or (lambda step, what: None)
        self.mails, self.port, self.loop, self.server = [], 0, None, None
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(cert.cert, cert.key)

    # what aiosmtpd calls
    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        said = self.answer("RCPT", address)
        if not said:
            envelope.rcpt_tos.append(address)
        return said or "250 OK"

    async def handle_DATA(self, _server, session, envelope):
        said = self.answer("DATA", envelope.content)
        if not said or said.startswith("250"):
            self.mails.append(parsed(envelope.mail_from, envelope.rcpt_tos, envelope.content, session.auth_data,
                                     session.ssl is not None or self.tls == "tls"))
        return said or "250 OK"

    def check(self, _server, _session, _envelope, _mechanism, data):
        name, password = data.login.decode(), data.password.decode()
        return AuthResult(success=self.users.get(name) == password, handled=False, auth_data=name)

    def protocol(self):
        return SMTP(self, hostname="mx.test", tls_context=self.context if self.tls == "starttls" else None,
                    require_starttls=self.tls == "starttls", auth_required=bool(self.users),
                    auth_require_tls=bool(self.tls) and self.tls != "tls", authenticator=self.check if self.users else None)

    def start(self):
        ready = threading.Event()

        def run():
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
            self.server = self.loop.run_until_complete(self.loop.create_server(
                self.protocol, "127.0.0.1", self.port, ssl=self.context if self.tls == "tls" else None))
            self.port = self.server.sockets[0].getsockname()[1]
            ready.set()
            self.loop.run_forever()
            self.server.close()
            self.loop.close()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        ready.wait(10)
        return self

    def stop(self):
        """Nobody listens at the port any more."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


class Lmtp:
    """One connection at a time.  answer(address, times): what is said for the address when it is asked for the times-th
    time, None for "250"; path: a unix socket in place of a port."""

    def __init__(self, answer=None, path=None):
        self.answer, self.mails, self.asked = answer or (lambda address, times: None), [], collections.Counter()
        self.socket = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self.socket.bind(path or ("127.0.0.1", 0))
        self.port = 0 if path else self.socket.getsockname()[1]
        self.socket.listen()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            conn, _ = self.socket.accept()
            try:
                with conn, conn.makefile("rwb") as f:
                    self.talk(f)
            except OSError:
                pass    # it does not wait for the answer to QUIT

    def talk(self, f):
        def say(text):
            f.write(text.encode() + b"\r\n")
            f.flush()

        sender, to = "", []
        say("220 mx.test LMTP")
        for line in f:
            word = line.decode().strip()
            verb = word[:4].upper()
            if verb == "LHLO":
                say("250-mx.test\r\n250 8BITMIME")
            elif verb == "MAIL":
                sender, to = word[word.index("<") + 1:word.rindex(">")], []
                say("250 OK")
            elif verb == "RCPT":
                to.append(word[word.index("<") + 1:word.rindex(">")])
                say("250 OK")
            elif verb == "DATA":
                say("354 go on")
                raw = b""
                for part in f:
                    if part == b".\r\n":
                        break
                    raw += part
                self.deliver(sender, to, raw, say)
            elif verb == "QUIT":
                say("221 bye")
                return
            else:
                say("500 what?")

    def deliver(self, sender, to, raw, say):
        for address in to:
            self.asked[address] += 1
            said = self.answer(address, self.asked[address])
            if not said:
                self.mails.append(parsed(sender, [address], raw))
            say(said or "250 OK")
