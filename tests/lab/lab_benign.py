"""Ordinary life at a mail server: one function per kind of benign actor.

Each function takes the day and its row of the day file, plans sessions and records the actors that must not
raise an alert of medium or higher severity. Many kinds are here because they resemble an attack.
"""
from lab_day import DOWN, GREY, HOUR, REFUSE, Mail


def correspondents(day, row):
    """Mail servers of other people, writing to our users; a few slips of the pen, some TLS, some two-recipient mails."""
    r = day.rng
    hosts = [(day.host_ip(), d) for d in day.correspondents[:row.get("hosts", 120)]]
    day.inbound_hosts = [(ip, f"mail.{d}", d) for ip, d in hosts]
    for ip, _ in hosts:
        day.good(ip, "ordinary correspondent")
    for _ in range(row["messages"]):
        ip, name, d = r.choice(day.inbound_hosts)
        rcpts = [day.user()]
        if r.random() < 0.05:
            rcpts.append(day.user())
        if r.random() < row.get("typos", 0.01):
            rcpts[0] = day.local(r.choice(day.users).replace(".", "", 1))
        if day.alias_domain and r.random() < 0.05:
            rcpts = [f"info@{day.alias_domain}"]
        day.add(day.office(), ip, name, name, day.mail(f"{r.choice(['anna', 'info', 'office', 'john.doe'])}{r.randrange(60)}@{d}", rcpts),
                tls=r.random() < row.get("tls", 0.1))


def people(day, row):
    """Our users at home and on the road: authenticated submission to foreign recipients."""
    r = day.rng
    day.homes = {}
    for u in day.accounts:
        address = day.local(u)
        day.homes[u] = [day.host_ip("home") for _ in range(r.choice([1, 1, 2]))]
        for ip in day.homes[u]:
            day.good(ip, f"home or mobile address of {u}")
        day.good(address, "ordinary user")
        circle = [day.remote() for _ in range(8)]
        for _ in range(r.randrange(*row.get("each", [10, 30]))):
            rcpts = [r.choice(circle) if r.random() < 0.6 else day.remote() for _ in range(1 if r.random() < 0.85 else r.randrange(2, 5))]
            day.add(day.office(), r.choice(day.homes[u]), "", f"[192.168.1.{r.randrange(2, 99)}]", day.mail(address, rcpts),
                    submission=True, auth=(address, f"pw-{u}", "PLAIN"), tls=r.random() < row.get("tls", 0.5))


def _honest_host(day):
    return day.rng.choice(day.inbound_hosts)


def honest_dsns(day, row):
    """Bounces and receipts for mail that our users did send."""
    for _ in range(row["messages"]):
        ip, name, d = _honest_host(day)
        day.add(day.office(), ip, name, name, day.mail("", day.local(day.rng.choice(day.accounts)), mid=day.message_id(d)))
    day.good("<>", f"{row['messages']} honest DSNs over the day from ordinary hosts")


def monitor(day, row):
    """A probe of our own that connects and quits; style http asks like a web health check."""
    ip, every = day.inside_ip(5), row.get("every_s", 300)
    for k in range(int(day.length // every)):
        day.add(k * every + 7, ip, f"monitor.{day.domain}", "monitor")
    day.good(ip, f"monitoring probe: connect, EHLO, QUIT every {every} seconds")


def newsletter(day, row):
    """A declared bulk host inside: many messages in a short time, few bounces."""
    ip, n = day.inside_ip(20), row["messages"]
    for k, t in enumerate(day.spread(n, row["at"] * HOUR, row["at"] * HOUR + row.get("over_s", 1500))):
        rcpt = day.remote() if k % 80 else f"reader{k}@{REFUSE}"
        day.add(t, ip, f"news.{day.domain}", f"news.{day.domain}", day.mail(f"bounce-{k:04d}@{day.domain}", rcpt, size=5000))
    day.good(ip, f"authorised newsletter host: {n} messages")


def bulk_account(day, row):
    """An undeclared newsletter: an authenticated account writes to its old readers from its usual address."""
    u = day.accounts[-1]
    ip, n = day.homes[u][0], row["messages"]
    for k, t in enumerate(day.spread(n, row["at"] * HOUR, row["at"] * HOUR + row.get("over_s", 5400))):
        day.add(t, ip, "", "[192.168.1.44]", day.mail(day.local(u), day.remote(exists=k % 50 != 0), size=5000),
                submission=True, auth=(day.local(u), f"pw-{u}", "PLAIN"))
    day.good(day.local(u), f"sends an undeclared newsletter of {n} from the usual address, 2 % bounces")


def mistyped_password(day, row):
    """Somebody mistypes the password a few times, then succeeds."""
    u, ip, t = day.accounts[8], day.host_ip("home"), row["at"] * HOUR
    who = day.local(u)
    for k in range(row.get("times", 3)):
        day.add(t + 20 * k, ip, "", "laptop", submission=True, auth=(who, "wrong", "PLAIN"))
    day.add(t + 20 * row.get("times", 3) + 30, ip, "", "laptop", day.mail(who, day.remote()), submission=True, auth=(who, f"pw-{u}", "PLAIN"))
    day.good(ip, "mistyped password, then success")


def stale_phone(day, row):
    """A phone keeps an old password and retries all day, while the laptop beside it logs in well."""
    u = day.accounts[7]
    ip, who = day.homes[u][0], day.local(u)
    for t in day.spread(row["times"], 0, day.length - 60):
        day.add(t, ip, "", "iphone", submission=True, auth=(who, "old-password", "PLAIN"))
    day.good(ip, f"phone with an old password: {row['times']} failures for one account, successes beside them")


def roamer(day, row):
    """A travelling user without AUTH: relay denied a few times, own sender, one recipient domain; later logs in."""
    for k in range(row.get("users", 2)):
        u, ip = day.accounts[5 + k], day.host_ip("home")
        rcpt, t = day.remote(), (row["at"] + 2 * k) * HOUR
        for i in range(row.get("times", 4)):
            day.add(t + 45 * i, ip, "", "[10.0.0.17]", day.mail(day.local(u), rcpt))
        day.add(t + 400, ip, "", "[10.0.0.17]", day.mail(day.local(u), rcpt), submission=True, auth=(day.local(u), f"pw-{u}", "PLAIN"))
        day.good(ip, "roaming user who forgot to log in: own sender, one recipient, then success")


def scanner(day, row):
    """A copier inside that mails scans to our users."""
    for t in day.spread(row.get("messages", 12), 0, day.length - 60):
        day.add(t, day.inside_ip(33), f"printer.{day.domain}", "printer", day.mail(f"scanner@{day.domain}", day.user()))
    day.good(day.inside_ip(33), "internal scanner to local users")


def application(day, row):
    """A web application inside whose mail meets greylisting."""
    for t in day.spread(row.get("messages", 10), 0, day.length - 600):
        day.add(t, day.inside_ip(40), f"app.{day.domain}", "app", day.mail(f"noreply@{day.domain}", f"client{day.rng.randrange(40)}@{GREY}"))
    day.good(day.inside_ip(40), "application whose mail is greylisted by the remote")


def forwards(day, row):
    """Local addresses that lead outside: virtual aliases (orig_to=) and forwards by the local agent (forwarded as)."""
    for k in range(row.get("virtual", 3)):
        day.forwards[f"{day.rng.choice(['alumni', 'board', 'friends', 'press'])}{k}"] = [day.remote() for _ in range(1 + k % 2)]
    for k in range(row.get("local", 2)):
        day.local_forwards[f"{day.rng.choice(['staff', 'office', 'team'])}{k}"] = [day.remote() for _ in range(1 + k)]
    names = list(day.forwards) + list(day.local_forwards)
    for _ in range(row["messages"]):
        ip, name, d = _honest_host(day)
        day.add(day.office(), ip, name, name, day.mail(f"writer{day.rng.randrange(30)}@{d}", day.local(day.rng.choice(names))))


def backup_mx(day, row):
    """We are the second mail exchanger of a friend's domain: strangers' mail for it is accepted and passed on."""
    for _ in range(row["messages"]):
        ip, name, d = _honest_host(day)
        day.add(day.office(), ip, name, name, day.mail(f"office{day.rng.randrange(30)}@{d}", f"{day.rng.choice(['desk', 'sales', 'jobs'])}@{day.relay_domains[0]}"))


def mailing_list(day, row):
    """A list: posts come in, the list manager on this host fans them out to outside subscribers."""
    readers = [day.remote() for _ in range(row.get("subscribers", 30))]
    for t in day.spread(row["posts"], 1 * HOUR, day.length - HOUR):
        ip, name, d = _honest_host(day)
        poster = f"member{day.rng.randrange(20)}@{d}"
        mid = day.message_id(d)
        day.add(t, ip, name, name, Mail(poster, [day.local("list")], 2500, message_id=mid))
        for k in range(0, len(readers), 10):
            day.add(t + 4 + k / 10, "127.0.0.1", "localhost", day.host,
                    day.mail(f"list-bounces@{day.domain}", readers[k:k + 10]))
    day.good("127.0.0.1", "list manager, vacation replies and cron on this host")


def vacation(day, row):
    """Automatic replies of our users leave with the null sender, as they should."""
    for _ in range(row["messages"]):
        day.add(day.office(), "127.0.0.1", "localhost", day.host, day.mail("", day.remote(), size=700, mid=day.message_id(day.domain)))


def cron(day, row):
    """Reports that programs on this host hand to the sendmail command."""
    for t in day.spread(row.get("messages", 8), 0, day.length - 60):
        day.sessions.append(_pickup(day, t))


def _pickup(day, t):
    from lab_day import Session
    mail = day.mail("root", day.local("root"))
    return Session(day.t0 + t, "127.0.0.1", "localhost", "", [mail], pickup=("root", day.local("root")))


def stale_list(day, row):
    """An outside list server with old addresses of ours: a tenth of its recipients left the company."""
    ip = day.host_ip()
    for t in day.spread(row["messages"], row["at"] * HOUR, (row["at"] + 1) * HOUR):
        rcpt = day.local(f"{day.rng.choice(['old', 'ex'])}.{day.letters()}") if day.rng.random() < 0.1 else day.user()
        day.add(t, ip, "lists.society.example", "lists.society.example", day.mail("talk-bounces@society.example", rcpt))
    day.good(ip, "outside list server, 10 % stale recipients")


def forwarder(day, row):
    """A university forwards its graduates' mail to us; a quarter of those mailboxes are gone (few distinct names)."""
    ip, gone = day.host_ip(), [day.local(f"grad{k}") for k in range(5)]
    for t in day.spread(row["messages"], 0, day.length - 60):
        rcpt = day.rng.choice(gone) if day.rng.random() < 0.25 else day.user()
        day.add(t, ip, "fwd.university.example", "fwd.university.example", day.mail(day.remote(), rcpt))
    day.good(ip, "forwarding university, a quarter of the recipients gone, always the same few")


def saas(day, row):
    """A rented service that mails our users with our own sender, as agreed."""
    ip = day.host_ip()
    for t in day.spread(row["messages"], 0, day.length - 60):
        day.add(t, ip, "o1.crm.example", "o1.crm.example", day.mail(f"crm@{day.domain}", day.user()), tls=True)
    day.good(ip, "hired service with one fixed sender of ours")


def callout(day, row):
    """A remote server verifies our senders: null sender, one RCPT, QUIT before DATA."""
    ip, name, _ = _honest_host(day)
    for t in day.spread(row["times"], 0, day.length - 60):
        day.add(t, ip, name, name, day.mail("", day.local(day.rng.choice(day.accounts)), finish="quit"))
    day.good(ip, "sender verification by callout")


def outage(day, row):
    """A big correspondent is down for a while: our users' mail waits in the queue, with honest senders."""
    for t in day.spread(row["messages"], row["at"] * HOUR, (row["at"] + 1) * HOUR):
        u = day.rng.choice(day.accounts)
        day.add(t, day.homes[u][0], "", "[192.168.1.7]", day.mail(day.local(u), f"partner{day.rng.randrange(30)}@{DOWN}"),
                submission=True, auth=(day.local(u), f"pw-{u}", "PLAIN"))


def travellers(day, row):
    """Users who log in from several networks in a day, each sending little."""
    for k in range(row.get("users", 2)):
        u = day.accounts[2 + k]
        for _ in range(row.get("networks", 4)):
            ip = day.host_ip("home")
            day.good(ip, f"hotel, train or phone of {u}")
            for _ in range(2):
                day.add(day.office(), ip, "", "[172.16.3.9]", day.mail(day.local(u), day.remote()), submission=True,
                        auth=(day.local(u), f"pw-{u}", "PLAIN"))


def invitations(day, row):
    """Somebody invites many new contacts one by one: new recipients, few of them wrong."""
    u = day.accounts[4]
    for k, t in enumerate(day.spread(row["messages"], row["at"] * HOUR, (row["at"] + 3) * HOUR)):
        day.add(t, day.homes[u][0], "", "[192.168.1.12]", day.mail(day.local(u), day.remote(exists=k % 25 != 7)), submission=True,
                auth=(day.local(u), f"pw-{u}", "PLAIN"))


KINDS = {f.__name__: f for f in (
    correspondents, people, honest_dsns, monitor, newsletter, bulk_account, mistyped_password, stale_phone, roamer, scanner,
    application, forwards, backup_mx, mailing_list, vacation, cron, stale_list, forwarder, saas, callout, outage, travellers,
    invitations)}
