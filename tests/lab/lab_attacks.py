"""Attacks on and through a mail server: one function per kind, each recording its truth.

A row of the day file gives the kind, the hour it begins ("at", from the start of the day) and its intensity.
Class names are those of score.py; classes outside that list go to extra_attacks.
"""
from lab_batteries import pairs
from lab_day import DOWN, FREEMAIL, HOUR, LISTED, REFUSE, Mail


def _window(row, minutes=30.0):
    low = row["at"] * HOUR
    return low, low + 60 * row.get("minutes", minutes)


def _actors(day, row, default=1):
    """The attacking addresses: lone ones by default, bots when many."""
    n = row.get("clients", default)
    if row.get("address"):
        return [row["address"]]
    if n == 1 and not row.get("bot"):
        return [day.single_ip()]
    return [day.host_ip("bot") for _ in range(n)]


# --- relaying ----------------------------------------------------------------------------------------

def battery(day, row):
    """A public relay tester runs its list once.

    On an open server ("accepted") it is relay_accepted. There a tester that stops before DATA leaves no recipient in
    Postfix's log, only a queue id and the command counts: "unprovable" puts it among the attacks that do not count."""
    ip, tester = _actors(day, row)[0], row.get("tester", "relaytest.example")
    low, gap = row["at"] * HOUR, row.get("gap_s", 3)
    forms, helo, together = pairs(row.get("battery", "nmap"), day.host, day.egress, tester)
    finish = "always" if row.get("data") else "rset"
    mails = [Mail(a, [b], 300, finish, "", verbatim=True) for a, b in forms]
    if together and not row.get("data"):
        day.add(low, ip, f"scan.{tester}", helo, mails)
    else:
        for k, m in enumerate(mails):
            day.add(low + gap * k, ip, f"scan.{tester}", helo, m)
    accepted = row.get("accepted") or row.get("unprovable")
    day.attack("relay_accepted" if accepted else "open_relay_probe", [ip], [], low, low + gap * len(forms), len(forms),
               f"{row.get('battery', 'nmap')} battery", extra=bool(row.get("unprovable")))


def probe_slow(day, row):
    """One address tries one plain relay every now and then."""
    ip, every, n = _actors(day, row)[0], row["every_s"], row["times"]
    low = row["at"] * HOUR
    for k in range(n):
        day.add(low + k * every + day.rng.uniform(0, every / 8), ip, "", f"win-{k}",
                day.mail(f"{day.letters()}@{day.rng.choice(day.correspondents)}", day.remote(domains=FREEMAIL), mid=""))
    day.attack("open_relay_probe", [ip], [], low, low + n * every, n, f"slow: one attempt every {every} s")


def probe_net(day, row):
    """A /24 shares the work, a few attempts each."""
    low, high = _window(row)
    net = row.get("net") or f"198.19.{day.rng.randrange(256)}"
    ips = [f"{net}.{i}" for i in day.rng.sample(range(1, 255), row["clients"])]
    n = row["clients"] * row.get("each", 2)
    for k, t in enumerate(day.spread(n, low, high)):
        day.add(t, ips[k % len(ips)], "", "ylmf-pc", day.mail("offer@cheap.example", day.remote(domains=FREEMAIL), mid=""), esmtp=False)
    day.attack("open_relay_probe", [f"{net}.0/24"] + ips, [], low, high, n, "distributed over one /24")


def probe_botnet(day, row):
    """Unrelated networks, one attempt each: sender equals recipient, HELO a fresh Windows name."""
    low, high = _window(row)
    ips = _actors(day, row)
    box = day.remote(domains=FREEMAIL)
    for ip, t in zip(ips, day.spread(len(ips), low, high)):
        target = box if row.get("same_target", True) else day.remote(domains=FREEMAIL)
        day.add(t, ip, "", day.winname(), day.mail(target, target, mid="", finish="drop"))
    day.attack("open_relay_probe", ips, [], low, high, len(ips), f"botnet, one try each, sender == recipient {box}")


def relay_bulk(day, row):
    """Spam through an open relay by few hosts, one connection per message or many."""
    low, high = _window(row)
    ips, per = _actors(day, row), row.get("per_connection", 1)
    for t in day.spread(row["connections"], low, high):
        mails = []
        for _ in range(per):
            rcpts = [day.remote(exists=day.rng.random() > row.get("bad", 0.2), domains=FREEMAIL) for _ in range(day.rng.randrange(*row.get("rcpts", [1, 4])))]
            if day.rng.random() < row.get("listed", 0.0):
                rcpts[0] = f"{day.letters()}@{day.rng.choice(LISTED)}"
            mails.append(day.mail(f"{day.letters()}@{row.get('sender_domain', 'promo.example')}", rcpts, mid=None if row.get("mid") else ""))
        day.add(t, day.rng.choice(ips), "", day.letters(), mails)
    day.attack("relay_accepted", ips, [], low, high, row["connections"] * per, "third-party relay")
    if row.get("listed"):
        day.attack("dnsbl_listed", ["zen.spamhaus.org"], [], low, high, 0, "remote servers name a block list")


def relay_thin(day, row):
    """The pattern of relay sinkholes: very many hosts, few connections each, 25 messages a connection."""
    low, high = _window(row, 600)
    ips, per, each = _actors(day, row), row.get("per_connection", 25), row.get("each", 2)
    for k, t in enumerate(day.spread(len(ips) * each, low, high)):
        mails = [day.mail(f"{day.letters()}@{day.rng.choice(day.correspondents)}", day.remote(exists=day.rng.random() > 0.15, domains=FREEMAIL + tuple(day.correspondents[:60])), mid="")
                 for _ in range(per)]
        day.add(t, ips[k % len(ips)], "", day.letters(), mails)
    day.attack("relay_accepted", ips, [], low, high, len(ips) * each * per, f"thin relay: {len(ips)} hosts")


def relay_percent(day, row):
    """The percent hack: user%target@ours is accepted as local and leaves for the target."""
    low, high = _window(row)
    ips = _actors(day, row)
    for t in day.spread(row["messages"], low, high):
        inner = day.remote(exists=day.rng.random() > 0.2, domains=FREEMAIL)
        day.add(t, day.rng.choice(ips), "", day.letters(), day.mail(f"{day.letters()}@promo.example", f"{inner.replace('@', '%')}@{day.domain}", mid=""))
    day.attack("relay_accepted", ips, [], low, high, row["messages"], "percent hack honoured")


def relay_by_sender(day, row):
    """Relay for whoever forges one of our own senders."""
    low, high = _window(row)
    ips = _actors(day, row)
    for t in day.spread(row["messages"], low, high):
        day.add(t, day.rng.choice(ips), "", day.letters(), day.mail(day.user(), day.remote(exists=day.rng.random() > 0.2, domains=FREEMAIL), mid=""))
    day.attack("relay_accepted", ips, [], low, high, row["messages"], "relay for forged local senders")


# --- passwords and accounts --------------------------------------------------------------------------

def _guess(day, t, ip, who, mech="LOGIN", helo="User"):
    day.add(t, ip, "", helo, submission=True, auth=(who, day.letters(), mech))


def _victim(day, row):
    return day.local(day.accounts[row.get("account", 3)])


def guess(day, row):
    """One address guesses: fast or slow, one account or (accounts > 1) many."""
    low, high = _window(row, 5)
    ip, n = _actors(day, row)[0], row["times"]
    names = [day.local(u) for u in day.users[:row.get("accounts", 1)]] + [day.local(day.letters()) for _ in range(row.get("unknown", 0))]
    if row.get("account") is not None:
        names = [_victim(day, row)]
    for k, t in enumerate(day.spread(n, low, high)):
        _guess(day, t, ip, names[k % len(names)], row.get("mech", "LOGIN"))
    day.attack("auth_bruteforce", [ip], names if len(names) == 1 else [], low, high, n, f"{len(names)} account names")


def guess_distributed(day, row):
    """Many addresses, few tries each, one account (or all of them with site: true)."""
    low, high = _window(row, 240)
    ips, each, who = _actors(day, row), row.get("each", 3), _victim(day, row)
    for k, t in enumerate(day.spread(len(ips) * each, low, high)):
        _guess(day, t, ips[k % len(ips)], day.local(day.rng.choice(day.users)) if row.get("site") else who, helo="[127.0.0.1]")
    names = [day.local(u) for u in day.users] if row.get("site") else [who]
    day.attack("auth_bruteforce_distributed", ips + ([day.domain] if row.get("site") else [who]), names, low, high, len(ips) * each, f"{len(ips)} addresses, {each} tries each")


def account(day, row):
    """A stolen account sends. styles: burst, snowshoe (many addresses), clean (few bounces), slow.

    "guesses" puts a brute force from one address in front of it; "guest" uses an account that should not exist."""
    low, high = _window(row)
    r = day.rng
    if row.get("guest"):
        day.extra_accounts[row["guest"]] = row["guest"]
        who, password = day.local(row["guest"]), row["guest"]
    else:
        who = _victim(day, row)
        password = "pw-" + who.split("@")[0]
    if row.get("guesses"):
        p = day.single_ip()
        for t in day.spread(row["guesses"], low - 900, low - 400):
            _guess(day, t, p, who)
        day.add(low - 395, p, "", "User", day.mail(who, day.remote(domains=FREEMAIL)), submission=True, auth=(who, password, "LOGIN"))
        day.attack("auth_bruteforce", [p], [who], low - 900, low - 400, row["guesses"], "brute force that succeeds")
    ips = _actors(day, row, 8)
    domains = list(FREEMAIL) + day.correspondents[:row.get("domains", 100)]
    for t in day.spread(row["messages"], low, high):
        rcpts = [day.remote(exists=r.random() > row.get("bad", 0.25), domains=domains) for _ in range(r.randrange(*row.get("rcpts", [1, 2])))]
        if r.random() < row.get("listed", 0.0):
            rcpts[0] = f"{day.letters()}@{r.choice(LISTED)}"
        sender = who if r.random() > row.get("foreign_sender", 0.0) else f"{day.letters()}@{r.choice(FREEMAIL)}"
        day.add(t, r.choice(ips), "", day.letters(), day.mail(sender, rcpts, mid=None if row.get("mid") else ""), submission=True,
                auth=(who, password, "LOGIN"))
    day.attack("account_compromised", [who], [], low - (395 if row.get("guesses") else 0), high, row["messages"],
               f"{row.get('style', 'burst')}: {row['messages']} messages from {len(ips)} addresses, {row.get('bad', 0.25):.0%} refused")
    if row.get("listed", 0) >= 0.02:
        day.attack("dnsbl_listed", ["zen.spamhaus.org"], [], low, high, int(row["messages"] * row["listed"]), "three remote servers name a block list")


# --- inside ------------------------------------------------------------------------------------------

def inside_host(day, row):
    """An infected machine inside. styles: forged (foreign senders), own (one sender of ours), null."""
    low, high = _window(row, 60)
    ip, r = day.inside_ip(row.get("host", 77) % day.inside.num_addresses), day.rng
    for t in day.spread(row["messages"], low, high):
        sender = {"forged": f"{day.letters()}@{r.choice(day.correspondents)}", "own": day.local(day.users[-1]), "null": ""}[row.get("style", "forged")]
        rcpt = day.remote(exists=r.random() > row.get("bad", 0.3), domains=FREEMAIL + tuple(day.correspondents[:80]))
        helo = day.letters() if row.get("style", "forged") == "forged" else "desk"
        day.add(t, ip, f"desk{row.get('host', 77)}.{day.domain}", helo, day.mail(sender, rcpt, mid=""))
    day.attack("internal_spam_source", [ip], [], low, high, row["messages"], f"infected desktop, style {row.get('style', 'forged')}")


# --- bounces -----------------------------------------------------------------------------------------

def joe_job(day, row):
    """Bounces of a spam run under our domain come in from very many honest servers, most for unknown names."""
    low, high = _window(row, 60)
    hosts = [(day.host_ip("bot"), f"mx{k % 9}.{day.rng.choice(day.correspondents)}") for k in range(row["hosts"])]
    known = day.user()
    for t in day.spread(row["messages"], low, high):
        ip, name = day.rng.choice(hosts)
        rcpt = known if day.rng.random() < row.get("known", 0.1) else day.local(day.letters())
        day.add(t, ip, name, name, day.mail("", rcpt, mid=day.message_id(name)))
    day.attack("backscatter_victim", [day.domain], [day.domain, known], low, high, row["messages"], f"joe-job: bounces from {row['hosts']} hosts")
    for ip, _ in hosts:
        day.good(ip, "innocent server that bounces a forgery")


def ndr_bomb(day, row):
    """Bounces flood one mailbox of ours from many honest servers."""
    low, high = _window(row, 40)
    victim = day.local(day.users[row.get("user", 15)])
    hosts = [(day.host_ip("bot"), f"mx.{day.rng.choice(day.correspondents)}") for _ in range(row["hosts"])]
    for t in day.spread(row["messages"], low, high):
        ip, name = day.rng.choice(hosts)
        day.add(t, ip, name, name, day.mail("", victim, mid=day.message_id(name)))
    day.attack("backscatter_victim", [victim], [victim, day.domain], low, high, row["messages"], "bounces flood one mailbox")
    for ip, _ in hosts:
        day.good(ip, "innocent server that bounces a forgery")


def reverse_ndr(day, row):
    """Mail to unknown users of ours under a victim's name: our bounces hit the victim. victims > 1: few each."""
    low, high = _window(row)
    ips = _actors(day, row)
    victims = [day.remote(domains=["victim.example"]) for _ in range(row.get("victims", 1))]
    target = day.relay_domains[0] if row.get("relay_domain") else day.domain
    for k, t in enumerate(day.spread(row["messages"], low, high)):
        day.add(t, day.rng.choice(ips), "", "pc", day.mail(victims[k % len(victims)], f"{day.letters()}@{target}", mid=""))
    day.attack("reverse_ndr", ips, victims, low, high, row["messages"], f"{len(victims)} victim(s) hit through our bounces")


def backscatter(day, row):
    """Spam to unknown users is accepted, then bounced to forged senders, some of them unreachable."""
    low, high = _window(row, 480)
    ips = _actors(day, row)
    for t in day.spread(row["messages"], low, high):
        x = day.rng.random()
        sender = f"{day.letters()}@{DOWN}" if x < row.get("down", 0.0) else day.remote(exists=x > 0.4)
        target = day.relay_domains[0] if row.get("relay_domain") else day.domain
        day.add(t, day.rng.choice(ips), "", day.letters(), day.mail(sender, f"{day.letters()}@{target}", mid=""))
    day.attack("backscatter_source", [day.domain], [], low, high, row["messages"], "spam to unknown users accepted, then bounced")
    if row.get("down", 0.0) > 0.1:
        day.attack("ndr_queue_clog", [DOWN], [], low, high, 0, "bounces to an unreachable host pile up")


# --- recipients and senders --------------------------------------------------------------------------

def harvest(day, row):
    """Guessing local parts. clients = 1: fast or slow by "minutes"; more: a distributed harvest.

    names: random letters, or "people" (first.last, which hits some)."""
    low, high = _window(row, 8)
    ips, per, r = _actors(day, row), row.get("per_connection", 10), day.rng
    from lab_day import FIRST, LAST
    sessions = max(1, row["names"] // per)
    for k, t in enumerate(day.spread(sessions, low, high)):
        names = [f"{r.choice(FIRST)}.{r.choice(LAST)}" if row.get("people") else day.letters() for _ in range(per)]
        day.add(t, ips[k % len(ips)], "", "mx" if len(ips) > 1 else "harvest", day.mail(f"x@{r.choice(day.correspondents)}", [day.local(n) for n in names], finish=row.get("finish", "rset")))
    day.attack("directory_harvest", ips, [], low, high, sessions * per, f"{len(ips)} client(s), {row['names']} names")


def spoof(day, row):
    """Mail from outside that carries our own domain as sender (boss fraud)."""
    low, high = _window(row, 60)
    ip = _actors(day, row)[0]
    for t in day.spread(row["messages"], low, high):
        sender = day.rng.choice(["ceo", "it-support", "payroll", "finance", day.users[0]])
        day.add(t, ip, "vps.cheap.example", "mail", day.mail(day.local(sender), day.user()))
    day.attack("spoofed_local_sender", [ip], [], low, high, row["messages"], "forged local senders")


# --- protocol ----------------------------------------------------------------------------------------

def smuggle(day, row):
    """End-of-data variants: a second message hides behind a bare line feed, in one pipelined burst."""
    low, high = _window(row)
    ip = _actors(day, row)[0]
    for t in day.spread(row["times"], low, high):
        outer = f"MAIL FROM:<news@{day.rng.choice(day.correspondents)}>\r\nRCPT TO:<{day.user()}>\r\nDATA\r\n"
        inner = f"MAIL FROM:<ceo@{day.domain}>\r\nRCPT TO:<{day.user()}>\r\nDATA\r\nSubject: urgent\r\n\r\nsecond\r\n.\r\nQUIT\r\n"
        raw = [(0, b"EHLO smuggler\r\n"), (0.02, outer.encode()), (0.02, b"Subject: first\r\n\r\nfirst\r\n" + row.get("eod", "\n.\r\n").encode() + inner.encode()), (0.05, b"QUIT\r\n")]
        day.add(t, ip, "", "smuggler", raw=raw)
    day.attack("protocol_abuse", [ip], [], low, high, row["times"], "smuggling by a bare line feed before the dot", extra=True)


def pipelining(day, row):
    """Bots that send the whole dialogue before the answers, without having been told that they may."""
    low, high = _window(row)
    ips = _actors(day, row)
    for t in day.spread(row["times"], low, high):
        text = f"HELO {day.letters()}\r\nMAIL FROM:<{day.letters()}@promo.example>\r\nRCPT TO:<{day.user()}>\r\nDATA\r\n"
        day.add(t, day.rng.choice(ips), "", "x", raw=[(0, text.encode()), (0.05, b"QUIT\r\n")], end="drop")
    day.attack("protocol_abuse", ips, [], low, high, row["times"], "unauthorised pipelining", extra=True)


def not_smtp(day, row):
    """Web scanners that speak HTTP to the mail port."""
    low, high = _window(row)
    ips = _actors(day, row)
    for t in day.spread(row["times"], low, high):
        day.add(t, day.rng.choice(ips), "", "x", raw=[(0, b"GET / HTTP/1.1\r\nHost: mx\r\nUser-Agent: scan\r\n\r\n")], end="drop")
    day.attack("protocol_abuse", ips, [], low, high, row["times"], "non-SMTP commands", extra=True)


def pregreet(day, row):
    """Bots that talk before the greeting (only postscreen logs it)."""
    low, high = _window(row, 120)
    ips = _actors(day, row)
    for k, t in enumerate(day.spread(row.get("times", len(ips)), low, high)):
        day.add(t, ips[k % len(ips)], "", "x", early=b"EHLO %s\r\n" % day.winname().encode(), raw=[(0.3, b"QUIT\r\n")], end="drop")
    day.attack("protocol_abuse", ips, [], low, high, row.get("times", len(ips)), "talks before the greeting", extra=True)


KINDS = {f.__name__: f for f in (
    battery, probe_slow, probe_net, probe_botnet, relay_bulk, relay_thin, relay_percent, relay_by_sender, guess, guess_distributed,
    account, inside_host, joe_job, ndr_bomb, reverse_ndr, backscatter, harvest, spoof, smuggle, pipelining, not_smtp, pregreet)}
