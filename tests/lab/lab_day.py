"""One virtual day of a mail server: its site, its sessions in virtual time, and the truth about them.

A day is described by a JSON file (see days/ and README.md). This module turns it into a plan: a list of
Session objects with absolute virtual times (seconds since 1970, UTC) and a truth document that names every
attack and every benign actor. Nothing here talks to the network; drive.py plays the plan.

All randomness comes from one seeded generator, so a day is the same plan on every machine.
Addresses: plan "documentation" stays inside the documentation and benchmark ranges (logs may be published);
plan "public" draws bots from the whole unicast space, so that network diversity is as in life.
"""
import datetime
import ipaddress
import json
import os
import random
import zlib
from dataclasses import dataclass, field

HOUR = 3600.0
WORDS = ("amber birch cedar delta ember fjord grove heron inlet jasper kestrel larch maple north olive "
         "pearl quartz river slate tundra umber vale willow yarrow").split()
FIRST = ("anna ben carla david elena felix greta hugo ines jonas karin lukas maria nils olga paul rita "
         "simon tanja ulrich vera walter yvonne zeno").split()
LAST = "berg carlson dorn ebert fuchs graf holm iversen jansen keller lang moser novak olsen peters roth".split()

# Remote domains whose servers do not simply accept; sink.py implements the behaviour.
REFUSE, GREY, DOWN = "refuse.example", "grey.example", "down.example"
LISTED = ("listed-a.example", "listed-b.example", "listed-c.example")
FREEMAIL = ("freemail.example", "bigmail.example", "postbox.example", "webmail.example", "quickmail.example")


def mailbox_exists(address):
    """The remote ends know a mailbox or not by a fixed hash of its address: one in four is unknown."""
    return zlib.crc32(address.lower().encode()) % 4 != 0


@dataclass
class Mail:
    """One MAIL transaction. finish: data, rset, quit or drop (after RCPT), always (DATA whatever RCPT said)."""
    sender: str
    rcpts: list
    size: int = 600
    finish: str = "data"
    message_id: str = ""       # empty: the client writes none
    verbatim: bool = False     # sender and recipients are given with their brackets


@dataclass
class Session:
    """One client connection. auth is (user, password, mechanism); raw replaces the dialogue after the greeting."""
    t: float
    ip: str
    name: str
    helo: str
    mails: list = field(default_factory=list)
    submission: bool = False
    auth: tuple = None
    tls: bool = False
    esmtp: bool = True
    end: str = "quit"          # quit or drop
    raw: list = None           # [(delay in real seconds before sending, bytes), ...]
    early: bytes = b""         # sent before the greeting arrives
    pickup: tuple = None       # (sender, recipient): a local submission by the sendmail command
    port: int = 0              # filled by the driver: the key of the session in the raw log


class Day:
    """The plan of one day. t arguments are seconds from the start of the day."""

    def __init__(self, spec):
        self.spec, self.rng = spec, random.Random(spec["seed"])
        start = datetime.datetime.fromisoformat(spec["start"].replace("Z", "+00:00"))
        self.t0, self.length = start.timestamp(), spec.get("hours", 24) * HOUR
        site = spec["site"]
        self.host, self.domain = site["host"], site["domains"][0]
        self.domains, self.relay_domains = site["domains"], site.get("relay_domains", [])
        self.alias_domain = site.get("alias_domain", "")
        self.mynetworks = site["mynetworks"]
        self.inside = ipaddress.ip_network(self.mynetworks[0])
        self.egress = str(self.inside[25])
        names = [f"{f}.{l}" for f in FIRST for l in LAST]
        self.rng.shuffle(names)
        self.users = names[:site.get("users", 40)]
        self.accounts = self.users[:site.get("accounts", 12)]
        self.correspondents = [f"{a}-{b}.example" for a in WORDS for b in WORDS if a < b]
        self.rng.shuffle(self.correspondents)
        self.forwards, self.local_forwards, self.extra_accounts = {}, {}, {}
        self.sessions, self.attacks, self.benign, self.extra_attacks = [], [], [], []
        self.used, self.serial = set(), 0

    # --- addresses and names -------------------------------------------------------------------------

    def local(self, name):
        """The full address of a local part in our first domain."""
        return f"{name}@{self.domain}"

    def user(self):
        """A random existing user's address."""
        return self.local(self.rng.choice(self.users))

    def inside_ip(self, n):
        """The n-th address of our own network."""
        return str(self.inside[n])

    def _fresh(self, draw):
        while True:
            ip = draw()
            if ip not in self.used:
                self.used.add(ip)
                return ip

    def single_ip(self):
        """An address for a lone attacker, from the two small documentation networks that are not ours."""
        nets = [n for n in ("203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24")
                if not any(ipaddress.ip_network(n).overlaps(ipaddress.ip_network(m)) for m in self.mynetworks)]
        return self._fresh(lambda: str(ipaddress.ip_network(self.rng.choice(nets))[self.rng.randrange(2, 250)]))

    def v6_ip(self):
        """A host in its own /48 of the documentation prefix."""
        r = self.rng
        return self._fresh(lambda: str(ipaddress.ip_address(
            (0x20010DB8 << 96) | (r.randrange(1, 65536) << 80) | (r.randrange(65536) << 64) | r.randrange(1, 1 << 20))))

    def host_ip(self, kind="mta"):
        """A fresh outside address; kind is mta, home or bot. IPv6 in the share the day asks for."""
        r = self.rng
        if r.random() < self.spec.get("ipv6_share", 0.0):
            return self.v6_ip()
        if self.spec.get("addresses", "documentation") == "public" and kind != "mta":
            first = [5, 14, 27, 31, 41, 46, 59, 61, 78, 88, 94, 102, 113, 117, 122, 138, 154, 177, 181, 186, 190, 200, 201, 213]
            return self._fresh(lambda: f"{r.choice(first)}.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(1, 255)}")
        second = {"mta": 18, "home": 19, "bot": 19}[kind]
        return self._fresh(lambda: f"198.{second}.{r.randrange(256)}.{r.randrange(1, 255)}")

    def letters(self, low=5, high=10):
        """A random word of letters."""
        return "".join(self.rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(self.rng.randrange(low, high)))

    def winname(self):
        """The default name of a freshly installed Windows machine, as bots announce it."""
        return "WIN-" + "".join(self.rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") for _ in range(11))

    def remote(self, exists=True, domains=None):
        """A mailbox at a remote domain that the sinks know (or do not know)."""
        while True:
            domain = self.rng.choice(domains or self.correspondents[:150])
            local = self.rng.choice([self.letters(4, 9), f"{self.rng.choice(FIRST)}.{self.letters(4, 8)}",
                                     f"{self.rng.choice(FIRST)}{self.rng.randrange(100)}"])
            if mailbox_exists(f"{local}@{domain}") == exists:
                return f"{local}@{domain}"

    def message_id(self, domain):
        """A fresh Message-ID in one of the common styles."""
        self.serial += 1
        r, style = self.rng, self.rng.randrange(3)
        token = "%08x" % r.getrandbits(32)
        if style == 0:
            return f"CA+{token}{self.serial:x}=Q{self.letters(6, 9)}@mail.{domain}"
        if style == 1:
            return f"{token}-{r.getrandbits(16):04x}-4{r.getrandbits(12):03x}-a{r.getrandbits(12):03x}-{self.serial:012x}@{domain}"
        return f"{self.serial}.{r.randrange(10**9)}.{token}@{domain}"

    # --- time ----------------------------------------------------------------------------------------

    def spread(self, n, low, high):
        """n sorted times, uniform in [low, high)."""
        return sorted(self.rng.uniform(low, high) for _ in range(n))

    def office(self):
        """A time of day when people write mail (the clock of the day's start, not of the plan)."""
        clock = self.t0 % (24 * HOUR)
        while True:
            t = self.rng.gauss(13, 3) * HOUR
            t = (t - clock) % (24 * HOUR)
            if 60 < t < self.length - 600:
                return t

    # --- recording -----------------------------------------------------------------------------------

    def mail(self, sender, rcpts, size=None, finish="data", mid=None):
        """A Mail with a Message-ID in the sender's domain (mid="" for none)."""
        rcpts = [rcpts] if isinstance(rcpts, str) else rcpts
        domain = sender.rpartition("@")[2] or self.rng.choice(self.correspondents)
        domain = domain if all(c.isalnum() or c in ".-" for c in domain) else "localhost"
        return Mail(sender, rcpts, size or self.rng.randrange(400, 9000), finish, self.message_id(domain) if mid is None else mid)

    def add(self, t, ip, name, helo, mails=(), **more):
        """Plan one session."""
        mails = [mails] if isinstance(mails, Mail) else list(mails)
        self.sessions.append(Session(self.t0 + t, ip, name, helo, mails, **more))

    def attack(self, cls, actors, victims, low, high, events, note="", extra=False):
        """Record the truth about one attack. extra: a class outside the common list."""
        row = {"class": cls, "actors": sorted(set(actors)), "victims": sorted(set(victims)), "start": self.t0 + low,
               "end": self.t0 + high, "events": events, "note": note}
        (self.extra_attacks if extra else self.attacks).append(row)

    def good(self, actor, note):
        """Record an actor about whom no alert of medium or higher severity may be raised."""
        self.benign.append({"actor": actor, "note": note})

    def truth(self):
        """The truth document."""
        bad = {a for row in self.attacks + self.extra_attacks for a in row["actors"]}
        classes = {row["class"] for row in self.attacks}
        want = "yes" if "relay_accepted" in classes else "attempted" if "open_relay_probe" in classes else "no"
        return {"scenario": self.spec["name"], "title": self.spec["title"], "attacks": self.attacks,
                "extra_attacks": self.extra_attacks, "benign": [b for b in self.benign if b["actor"] not in bad],
                "local_domains": self.domains + ([self.alias_domain] if self.alias_domain else []),
                "relay_domains": self.relay_domains, "mynetworks": ["127.0.0.0/8"] + self.mynetworks,
                "verdicts": self.spec.get("verdicts", [want])}

    def options(self):
        """The relaywatch options that an admin of this site would use."""
        t = self.truth()
        words = ["--local-domain", ",".join(t["local_domains"])]
        if self.relay_domains:
            words += ["--relay-domain", ",".join(self.relay_domains)]
        words += ["--trusted", ",".join(t["mynetworks"]), "--year", str(datetime.datetime.fromtimestamp(self.t0, datetime.timezone.utc).year)]
        return " ".join(words)


def load(path):
    """Read a day file and build its plan. LAB_SEED in the environment is added to the seed: the same day, other people."""
    import lab_attacks
    import lab_benign
    with open(path, encoding="utf-8") as f:
        spec = json.load(f)
    spec["seed"] += int(os.environ.get("LAB_SEED", "0"))
    day = Day(spec)
    for row in spec["benign"]:
        lab_benign.KINDS[row["kind"]](day, row)
    for row in spec["attacks"]:
        lab_attacks.KINDS[row["kind"]](day, row)
    day.sessions.sort(key=lambda s: s.t)
    for k, s in enumerate(day.sessions):
        s.port = 1024 + k
    return day
