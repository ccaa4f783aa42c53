# SPDX-License-Identifier: Apache-2.0
"""The rules that are shipped, and what ordinary days are made of: nothing that any of them should say a word about."""
import os
import subprocess

RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rules")
TRACERS = ("exec", "open", "fileops", "tcpstate", "ptrace", "bpf", "module", "mount")


def shipped():
    """Texts by name, with the log for all their events."""
    rules = {}
    for file in sorted(os.listdir(RULES)):
        if file.endswith(".toml"):
            with open(os.path.join(RULES, file), encoding="utf-8") as f:
                rules[file[:-5]] = f.read().replace(', "syslog"', "")
    rules["connected"] += 'actions = ["log"]\n'
    return rules


def within(*argv):
    """Runs it in a pid namespace of its own, whose number it is told by."""
    script = 'readlink /proc/self/ns/pid; exec "$@"'
    done = subprocess.run(["unshare", "-mpf", "--mount-proc", "sh", "-c", script, "sh", *argv], text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return int(done.stdout.split("[")[1].split("]")[0]), done


def last(daemon):
    return max((e["seq"] for e in daemon.events()), default=0)


def told(daemon, since, ns=None, box=None):
    """Events of a namespace, whose number may have been another's before, or of a container."""
    return [e for e in daemon.events() if e["seq"] > since and (e.get("ns", {}).get("pid") == ns if ns else
            isinstance(e.get("container"), dict) and e["container"].get("id") == box)]


def names(events):
    return {r["name"] for e in events for r in e["rules"]} - {"connected"}


DAY = r"""
set -eu
have() { command -v "$1" >/dev/null; }
cd "$(mktemp -d)"
printf 'int puts(const char *s);\nint main(void) { return puts("hello") < 0; }\n' >hello.c
cc -O hello.c -o hello && ./hello
dpkg-query -l >packages && dpkg -S /bin/true /usr/bin/env || true
mkdir -p deb/DEBIAN deb/opt root/var/lib/dpkg/info root/var/lib/dpkg/updates
printf 'Package: day\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n' >deb/DEBIAN/control
cp hello deb/opt/ && : >root/var/lib/dpkg/status
dpkg-deb -b deb day.deb && dpkg --root="$PWD/root" --force-all -i day.deb || true
mkdir repo copy && cp hello.c repo
if have git; then
	git init -q repo && cd repo && git config user.email day@example.org && git config user.name day
	git add . && git commit -qm day && git log --stat && cd .. && git clone -q repo copy
fi
find /usr/include -name '*.h' -newer hello.c | head -5
tar cf day.tar repo copy && mkdir out && tar xf day.tar -C out
mkdir cron && printf '#!/bin/sh\ndf / >/dev/null; sed -i s/a/b/ %s/packages\n' "$PWD" >cron/job && chmod 755 cron/job
run-parts cron && run-parts cron
! have ssh-keygen || ssh-keygen -q -t ed25519 -N '' -f key
su nobody -s /bin/sh -c id || true
python3 -c '
import http.server, subprocess, sys, threading
s = http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=s.serve_forever, daemon=True).start()
subprocess.run([sys.argv[1], "-s", "-o", "page", "http://127.0.0.1:%d/" % s.server_port], check=sys.argv[1] == "curl")' \
	"$(have curl && echo curl || echo true)"
install -m 644 hello.c installed.c && sort packages | uniq -c | awk '{n++} END {print n}'
rm -r out copy
"""

# Each by a name; run by sh in a pid namespace of its own.
JOBS = {
    "a day": DAY,
    "packages": r"""
cd "$(mktemp -d)"
apt-cache policy bash >/dev/null 2>&1; apt-get -s install --reinstall bash >/dev/null 2>&1
dpkg -V coreutils; dpkg -L bash >list; dpkg --audit; dpkg-query -W -f '${Package}\n' | sort >names
mkdir -p p/DEBIAN p/usr/share/doc/p && printf 'Package: p\nVersion: 2\nArchitecture: all\nMaintainer: x <x@x>\nDescription: x\n' \
	>p/DEBIAN/control
printf '#!/bin/sh\nset -e\nldconfig -p >/dev/null\nexit 0\n' >p/DEBIAN/postinst && chmod 755 p/DEBIAN/postinst
dpkg-deb -b p p.deb && dpkg-deb -I p.deb && dpkg-deb -x p.deb out
python3 -m pip --version; perl -MConfig -e 'print $Config{version}'; true
""",
    "a compiler": r"""
set -e
cd "$(mktemp -d)"
for i in 1 2 3 4 5 6; do printf 'int f%d(int a) { return a * %d; }\n' $i $i >f$i.c; done
printf 'int f1(int);\nint main(void) { return f1(0); }\n' >main.c
printf 'OBJS = f1.o f2.o f3.o f4.o f5.o f6.o main.o\nall: prog lib.so\nprog: $(OBJS)\n\t$(CC) -o $@ $(OBJS)\n' >Makefile
printf 'lib.so: f1.c\n\t$(CC) -shared -fPIC -o $@ f1.c\nclean:\n\trm -f *.o prog lib.so\n' >>Makefile
make -s -j2 && ./prog && nm prog >/dev/null && strip prog && objdump -d prog >/dev/null && make -s clean
""",
    "scripts and cron": r"""
cd "$(mktemp -d)"
mkdir hourly && for j in a b c; do
	printf '#!/bin/sh\nfor f in /etc/*.conf; do wc -l "$f" >/dev/null; done\nps ax | grep -c sh\ndate; df -h /; free; uptime\n' >hourly/$j
	chmod 755 hourly/$j; done
run-parts hourly; run-parts --test hourly
printf '%s {\n\trotate 2\n\tsize 1\n\tcompress\n}\n' "$PWD/x.log" >rotate.conf; echo line >x.log
! command -v logrotate || logrotate -s state rotate.conf
bash -c 'for i in $(seq 50); do echo $i; done | sort -rn | head -3 | tee top | md5sum'
echo 'SELECT 1' | tr a-z A-Z; find . -type f -print0 | xargs -0 sha256sum; tar czf a.tgz hourly; gzip -l a.tgz
id; getent passwd root; groups; crontab -l 2>/dev/null; hostname; su nobody -s /bin/sh -c 'id; ls /tmp >/dev/null'; true
""",
    "a login": r"""
cd "$(mktemp -d)"
command -v sshd >/dev/null && command -v ssh >/dev/null || exit 0
ssh-keygen -q -t ed25519 -N '' -f host; ssh-keygen -q -t ed25519 -N '' -f key; cp key.pub keys
mkdir -p /run/sshd; port=$((20000 + $$ % 20000))
printf 'HostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nPidFile none\nListenAddress 127.0.0.1\nPort %s\n' \
	"$PWD/host" "$PWD/keys" $port >sshd.conf
"$(command -v sshd)" -D -f sshd.conf & pid=$!
sleep 0.5
ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=known -i key -p $port root@127.0.0.1 'id; ls / >/dev/null; uname -a' || true
kill $pid; wait $pid 2>/dev/null; true
""",
    "the network": r"""
cd "$(mktemp -d)"
python3 -c '
import http.server, socket, subprocess, threading, urllib.request
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=s.serve_forever, daemon=True).start()
for i in range(20):
    urllib.request.urlopen("http://127.0.0.1:%d/" % s.server_port).read()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 0))
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", u.getsockname())
socket.socketpair(); socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)'
ip addr >/dev/null; ip route >/dev/null; ss -tln >/dev/null; getent hosts localhost; true
""",
}
