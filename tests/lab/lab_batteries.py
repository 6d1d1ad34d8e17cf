"""The classic open-relay test batteries, as pairs of envelope sender and recipient.

Forms are written with placeholders: R our host name, I our address, D our domain, T the tester's domain,
U the tester's mailbox. Order and forms follow the public tools of the same names; see each tool's source.
"""

NMAP = [("<>", "<U@T>"), ("<A@T>", "<U@T>"), ("<A@R>", "<U@T>"), ("<A@[I]>", "<U@T>"), ("<A@[I]>", "<U%T@[I]>"),
        ("<A@[I]>", "<U%T@R>"), ("<A@[I]>", '<"U@T">'), ("<A@[I]>", '<"U%T">'), ("<A@[I]>", "<U@T@[I]>"),
        ("<A@[I]>", '<"U@T"@[I]>'), ("<A@[I]>", "<U@T@R>"), ("<A@[I]>", "<@[I]:U@T>"), ("<A@[I]>", "<@R:U@T>"),
        ("<A@[I]>", "<T!U>"), ("<A@[I]>", "<T!U@[I]>"), ("<A@[I]>", "<T!U@R>")]
ABUSENET = [("<A@T>", "<U@T>"), ("<A>", "<U@T>"), ("<>", "<U@T>"), ("<A@R>", "<U@T>"), ("<A@[I]>", "<U@T>"),
            ("<A@[I]>", "<U%T@[I]>"), ("<A@[I]>", "<U%T@R>"), ("<A@[I]>", '<"U@T">'), ("<A@[I]>", '<"U%T">'),
            ("<A@[I]>", "<U@T@[I]>"), ("<A@[I]>", '<"U@T"@[I]>'), ("<A@[I]>", "<U@T@R>"), ("<A@[I]>", "<@[I]:U@T>"),
            ("<A@[I]>", "<@R:U@T>"), ("<A@[I]>", "<T!U>"), ("<A@[I]>", "<T!U@[I]>"), ("<A@[I]>", "<T!U@R>")]
MAILRADAR = [("<A@T>", "<U@T>"), ("<A@T>", "U@T"), ("<A>", "<U@T>"), ("<>", "<U@T>"), ("<A@R>", "<U@T>"), ("<A@[I]>", "<U@T>"),
             ("<A@R>", "<U%T@R>"), ("<A@R>", "<U%T@[I]>"), ("<A@R>", '<"U@T">'), ("<A@R>", '<"U%T">'), ("<A@R>", "<U@T@R>"),
             ("<A@R>", '<"U@T"@R>'), ("<A@R>", "<U@T@[I]>"), ("<A@R>", "<@R:U@T>"), ("<A@R>", "<@[I]:U@T>"), ("<A@R>", "<T!U>"),
             ("<A@R>", "<T!U@R>"), ("<A@R>", "<T!U@[I]>"), ("<A@R>", "<U%T@>"), ("<A@R>", "<U@T@>")]
NESSUS = [("<U@T>", "<U@T>"), ("<A@x17.T>", "<U@T>"), ("<A@localhost>", "<U@T>"), ("<A>", "<U@T>"), ("<>", "<U@T>"), ("<>", "<U@T>"),
          ("<A@R>", "<U@T>"), ("<A@[I]>", "<U@T>"), ("<A@R>", "<U%T@R>"), ("<A@R>", "<U%T@[I]>"), ("<A@R>", "<U@T@R>"),
          ("<A@R>", '<"U@T"@[I]>'), ("<A@R>", "<U@T@[I]>"), ("<A@[I]>", "<@R:U@T>"), ("<A@R>", "<@[I]:U@T>"),
          ("<A@R>", "<T!U@[I]>"), ("<postmaster@R>", "<U@T>")]
METASPLOIT = NMAP[:3] + [("<A@[I]>", "<U@[I]>")] + NMAP[4:]
MAPS = [("<A@R>", '<"U@T">'), ("<U@T>", "<U@T>"), ("<A@maps1.T>", "<U@T>"), ("<A@localhost>", "<U@T>"), ("<A>", "<U@T>"), ("<>", "<U@T>"),
        ("<A@R>", "<U@T>"), ("<A@[I]>", "<U@T>"), ("<A@R>", "<U%T@R>"), ("<A@R>", "<U%T@[I]>"), ("<A@R>", '<"U%T">'), ("<A@[I]>", "<U@T@R>")]
DSBL = [(sender, rcpt) for sender in ("<A@source.T>", "<A>", "<source.T!A>", "<>") for rcpt in ("<U@T>", '<"U@T">', "U@T", "<T!U>")]
ORBS = [("<A@fake.T>", form) for form in ("<U@T>", '<"U@T">', "U@T", "<U%T@R>", "<U%T@[I]>", "<U%T@I>", "<U@T@R>", "<U@T@[I]>", "<T!U@R>",
                                          "<T!U@[I]>", "<@R:U@T>", "<@[I]:U@T>")]
# name: (pairs, A, U, HELO, one connection for all)
BATTERIES = {"nmap": (NMAP, "antispam", "relaytest", "nmap.scanme.example", True),
             "abusenet": (ABUSENET, "spamtest", "securitytest", "www.relaytest.example", True),
             "mailradar": (MAILRADAR, "antispam", "relaytest", "radar.relaytest.example", False),
             "metasploit": (METASPLOIT, "antispam", "relaytest", "X", False),
             "maps": (MAPS, "spamtest", "nobody", "cygnus.relaytest.example", True),
             "dsbl": (DSBL, "sender", "listme", "tester.relaytest.example", False),
             "orbs": (ORBS, "spambag", "victim", "orbs.relaytest.example", False),
             "nessus": (NESSUS, "nessus", "nobody", "scanner.relaytest.example", False)}


def expand(form, names):
    """Put names into a form; names maps the placeholder letters A U T R I to text."""
    return "".join(names.get(c, c) if c in "AUTRI" else c for c in form)


def pairs(kind, host, address, tester):
    """The battery's envelopes against our host, with the tester's own domain as target."""
    forms, sender, user, helo, together = BATTERIES[kind]
    names = {"A": sender, "U": user, "T": tester, "R": host, "I": address}
    return [(expand(a, names), expand(b, names)) for a, b in forms], helo, together
