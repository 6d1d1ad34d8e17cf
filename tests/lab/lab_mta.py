"""What differs between mail servers when a day is driven: how a client shows its address, where log and queue are.

Postfix and Exim take the PROXY protocol, version 1, and log the client's port, which numbers the session. OpenSMTPD takes
version 2 and Sendmail none, and neither logs the port: there each session comes from a loopback-style address of its own
(alias()), which realize_unix.py turns back into the address of the plan. Addresses that may relay get aliases of
their own, so that the server's relay rule is one network.
"""
import ipaddress
import os
import socket
import struct
import subprocess
import time

TRUSTED, OTHERS = 64, 1        # second octet of the aliases
PROXY2 = b"\r\n\r\n\x00\r\nQUIT\n\x21"


def may_relay(day):
    """The networks whose clients the server lets relay, as the day's settings have it."""
    mta = day.spec.get("mta", {})
    return [ipaddress.ip_network(n) for n in ["127.0.0.0/8"] + day.mynetworks + (mta.get("hole_networks", []) if mta.get("hole") == "mynetworks" else [])]


def alias(session, networks):
    """The address of 127/8 from which a session comes when the log shows no client port."""
    ip = ipaddress.ip_address(session.ip)
    first = TRUSTED if any(ip in n for n in networks if n.version == ip.version) else OTHERS
    return f"127.{first + (session.port >> 16)}.{session.port >> 8 & 255}.{session.port & 255}"


class Postfix:
    """The instance that setup.sh builds: its own configuration folder, no chroot."""
    aliases, tls_for_auth, raw_log = False, False, "raw.log"
    retry_scale, retry_every = None, 0.3      # None: the day's

    def __init__(self, instance, networks):
        self.instance, self.networks = instance, networks

    def connect(self, port, session):
        """A connected socket on which the client's address has been announced."""
        s = socket.create_connection(("127.0.0.1", port), timeout=30)
        family = "TCP6" if ":" in session.ip else "TCP4"
        here = "2001:db8::25" if family == "TCP6" else "192.0.2.25"
        s.sendall(f"PROXY {family} {session.ip} {here} {session.port} 25\r\n".encode())
        return s

    def submit(self):
        """The command that takes local mail, before its -i -f."""
        return ["sendmail", "-C", f"{self.instance}/etc"]

    def _count(self, folders, accept=lambda name: True):
        return sum(accept(f) for d in folders for _, _, files in os.walk(f"{self.instance}/{d}") for f in files)

    def waiting(self):
        """Messages still in the queue."""
        return self._count(f"spool/{q}" for q in ("maildrop", "incoming", "active", "deferred"))

    def in_hand(self):
        """Messages that the server is busy with now."""
        return self._count(f"spool/{q}" for q in ("incoming", "active"))

    def retry(self):
        """Ask for another attempt, where the server's own waits are too long for a day of half a minute."""


class Exim(Postfix):
    """Debian's Exim in a root of its own; instance is that root."""
    raw_log = "lab/log/mainlog"

    def submit(self):
        return ["chroot", self.instance, "/usr/sbin/exim4"]

    def waiting(self):
        return self._count(["lab/spool/input"], lambda name: name.endswith("-H"))

    def in_hand(self):
        folder, now, young = f"{self.instance}/lab/spool/input", time.time(), 0
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            try:
                young += name.endswith("-H") and now - os.stat(f"{folder}/{name}").st_mtime < 2
            except FileNotFoundError:     # delivered meanwhile
                pass
        return young


class OpenSmtpd(Postfix):
    """Debian's OpenSMTPD in a root of its own. It offers AUTH under TLS only."""
    aliases, tls_for_auth, raw_log = True, True, "lab/raw.log"
    retry_scale, retry_every = 20, 4.0        # its first attempts wait for a turn on the one route of the lab

    def connect(self, port, session):
        s = socket.create_connection(("127.0.0.1", port), timeout=30)
        ends = socket.inet_aton(alias(session, self.networks)) + socket.inet_aton("192.0.2.25")
        s.sendall(PROXY2 + b"\x11" + struct.pack("!H", 12) + ends + struct.pack("!HH", session.port, 25))
        return s

    def submit(self):
        return ["chroot", self.instance, "/usr/sbin/sendmail"]

    def waiting(self):
        return self._count(["var/spool/smtpd/queue"], lambda name: name != "message")

    def in_hand(self):
        return self._count(["var/spool/smtpd/incoming"])

    def retry(self):
        subprocess.run(["chroot", self.instance, "/usr/sbin/smtpctl", "schedule", "all"], check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=20)


class Sendmail(Postfix):
    """Debian's Sendmail in a root of its own. Clients differ by their source address."""
    aliases, raw_log = True, "lab/raw.log"

    def connect(self, port, session):
        return socket.create_connection(("127.0.0.1", port), timeout=30, source_address=(alias(session, self.networks), 0))

    def submit(self):
        return ["chroot", self.instance, "/usr/sbin/sendmail", "-Am", "-L", "sm-mta"]

    def waiting(self):
        return self._count(["var/spool/mqueue", "var/spool/mqueue-client"], lambda name: name.startswith("qf"))

    def in_hand(self):
        return self._count(["var/spool/mqueue"], lambda name: name.startswith("df"))


KINDS = {"postfix": Postfix, "exim": Exim, "opensmtpd": OpenSmtpd, "sendmail": Sendmail}
