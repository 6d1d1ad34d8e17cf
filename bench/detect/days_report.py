"""From scores to the tables of bench/results.md: gates, recall by attack, false incidents."""
import collections
import random
import statistics

LOW, MEDIUM, HIGH = "21", "47", "73"
RESAMPLES = 2000
BEGIN, END = "<!-- detect: written by bench/detect/run -->", "<!-- detect: end -->"


# ---- statistics ----

def ratio(hits, count):
    """A share, or None."""
    return hits / count if count else None


def median(values):
    """The median, or None."""
    return statistics.median(values) if values else None


def p95(values):
    """The 95th percentile, or None."""
    return sorted(values)[min(len(values) - 1, int(.95 * len(values)))] if values else None


def interval(by_seed, combine):
    """95 % bootstrap interval: seeds are drawn again with replacement, what they hold stays together."""
    rng, seeds, results = random.Random(7), list(by_seed), []
    if len(seeds) < 2:
        return None
    for _ in range(RESAMPLES):
        drawn = [x for _ in seeds for x in by_seed[rng.choice(seeds)]]
        value = combine(drawn)
        if value is not None:
            results.append(value)
    results.sort()
    return (results[int(.025 * len(results))], results[int(.975 * len(results)) - 1]) if results else None


class Measure:
    """Values by seed and how they become one number."""

    def __init__(self, combine):
        self.combine, self.by_seed = combine, collections.defaultdict(list)

    def add(self, seed, value):
        """One more observation."""
        self.by_seed[seed].append(value)

    @property
    def all(self):
        return [x for values in self.by_seed.values() for x in values]

    def text(self, form):
        """Value and interval."""
        value, span = self.combine(self.all) if self.by_seed else None, None
        if value is None:
            return None, "-"
        span = interval(self.by_seed, self.combine)
        return value, form(value) + (f" ({form(span[0])} to {form(span[1])})" if span else "")


def share(values):
    """Mean of 0 and 1."""
    return ratio(sum(values), len(values))


def as_share(x):
    return f"{x:.3f}"


def as_number(x):
    return f"{x:.0f}" if x >= 10 or x == int(x) else f"{x:.1f}"


def as_minutes(seconds):
    return f"{seconds / 60:.1f} min"


# ---- what is measured ----

def attacks_of(rows, **want):
    """(seed, attack) of all runs whose attack has these members; a callable tests the member."""
    for r in rows:
        for a in r["attacks"]:
            if all(w(a[k]) if callable(w) else a[k] == w for k, w in want.items()):
                yield r, a


def recall(rows, severity, **want):
    """Share of these attacks that were found at this severity."""
    m = Measure(share)
    for r, a in attacks_of(rows, **want):
        m.add(r["seed"], severity in a)
    return m


def effort(rows, severity, unit, **want):
    """Median steps, seconds or epochs until they were found."""
    m = Measure(median)
    for r, a in attacks_of(rows, **want):
        if severity in a:
            m.add(r["seed"], a[severity][unit])
    return m


def precision(rows, severity, rules):
    """Share of incidents of these rules, at this severity or above, that an attack explains."""
    m = Measure(share)
    for r in rows:
        for i in r["incidents"]:
            if i["rule"] in rules and i["severity"] >= int(severity):
                m.add(r["seed"], i["true"])
    return m


def verdicts(rows):
    """Share of runs whose relay verdict is right."""
    m = Measure(share)
    for r in rows:
        m.add(r["seed"], r["verdict"] in r["want"])
    return m


def false_in_quiet(rows, rules):
    """False incidents of these rules on quiet days, and how many days."""
    quiet = [r for r in rows if r["name"] == "quiet"]
    return sum(i["rule"] in rules for r in quiet for i in r["incidents"] if not i["true"]), sum(r["days"] for r in quiet)


def key_set(row):
    """Incidents of medium severity and above, as they can be compared between runs."""
    return {(i["rule"], i["type"], i["entity"]) for i in row["incidents"]}


def same_incidents(rows, other):
    """Incidents of the day in order that the disturbed day has too, and the other way round."""
    m, runs = Measure(share), {(r["seed"], r["name"]): r for r in rows}
    for (seed, name), row in runs.items():
        if name == "robust in order" and (seed, f"robust {other}") in runs:
            here, there = key_set(row), key_set(runs[seed, f"robust {other}"])
            for k in here | there:
                m.add(seed, k in here and k in there)
    return m


def same_verdicts(rows, other):
    """Days whose verdict is the same when disturbed."""
    m, runs = Measure(share), {(r["seed"], r["name"]): r for r in rows}
    for (seed, name), row in runs.items():
        if name == "robust in order" and (seed, f"robust {other}") in runs:
            m.add(seed, row["verdict"] == runs[seed, f"robust {other}"]["verdict"])
    return m


def flood_loss(rows, kind):
    """Share of harvesters found without a flood that are lost under it."""
    m = Measure(share)
    runs = {(r["seed"], r["name"]): [a for a in r["attacks"] if a["name"] == "harvest"] for r in rows if r["name"].startswith("flood")}
    for (seed, name), alone in runs.items():
        if name == "flood alone" and (seed, f"flood {kind}") in runs:
            for a, b in zip(alone, runs[seed, f"flood {kind}"]):
                if MEDIUM in a:
                    m.add(seed, MEDIUM not in b)
    return m


def memory_use(rows, which):
    """Largest peak memory as a share of the budget: rss_kib all that is resident, own_kib without the pages of program and libraries."""
    m = Measure(lambda v: max(v, default=None))
    for r in rows:
        m.add(r["seed"], r[which] / 1024 / (int(r["memory"][:-1]) if r["memory"] else 256))
    return m


PLAIN = {"evasion": False}
STYLES = ("burst", "steady", "slow", "botnet", "guest", "stuffed")
ACCOUNT = {"class": "account_compromised", **PLAIN}
NOMINAL = {**ACCOUNT, "style": lambda s: not s.endswith("clean list")}
CLEAN = {**ACCOUNT, "style": lambda s: s.endswith("clean list")}
HOST = {"class": "internal_spam_source", **PLAIN}
OUTGOING = lambda c: c in ("backscatter_source", "reverse_ndr")  # noqa: E731
TIMES = lambda x: (lambda s: s.endswith(f" x{x}") and not s.startswith("ramp"))  # noqa: E731  a ramp starts low by design


def gates(rows):
    """(what, asked, does the value keep it, measure, form)."""
    at_least, at_most = (lambda x: (lambda v: v >= x)), (lambda x: (lambda v: v <= x))
    matrix = [r for r in rows if r["name"].startswith("matrix")]
    mixed = [r for r in rows if r["name"].startswith("mixed")]
    site = [r for r in rows if r["name"].startswith("site")]
    day = [r for r in rows if r["name"].startswith(("mixed", "site"))]
    flood = [r for r in rows if r["name"].startswith("flood")]
    yield "D2 relay verdict, all cells of form and result", "1.000", at_least(1), verdicts(matrix), as_share
    yield "D3 stolen account, high: recall", ">= .98", at_least(.98), recall(mixed, HIGH, **ACCOUNT), as_share
    yield "D3 high: precision, undeclared bulk mailers included", ">= .93", at_least(.93), precision(mixed, HIGH, {"RW-ACCOUNT-BURST"}), as_share
    yield "D3 high: median recipients until then", "<= 25", at_most(25), effort(mixed, HIGH, "steps", **NOMINAL), as_number
    yield "D3 high: the same, thief with a clean list (set B)", "<= 100", at_most(100), effort(mixed, HIGH, "steps", **CLEAN), as_number
    yield "D4 infected host, medium: recall", ">= .97", at_least(.97), recall(mixed, MEDIUM, **HOST), as_share
    yield "D4 median recipients", "<= 30", at_most(30), effort(mixed, MEDIUM, "steps", **HOST), as_number
    for x, minutes in ((50, 3), (10, 10)):
        yield (f"D5 bounces at others, {x} times the base rate: median time", f"<= {minutes} min", at_most(60 * minutes),
               effort(site, MEDIUM, "seconds", **{"class": OUTGOING, "style": TIMES(x)}), as_minutes)
    for x, minutes in ((50, 3), (10, 10)):
        yield (f"D6 bounces at us, {x} times the base rate: median time", f"<= {minutes} min", at_most(60 * minutes),
               effort(site, MEDIUM, "seconds", **{"class": "backscatter_victim", "style": TIMES(x)}), as_minutes)
    yield "D5, D6 recall, all of them", "(none asked)", None, recall(site, MEDIUM, **{"class": lambda c: OUTGOING(c) or c == "backscatter_victim"}), as_share
    yield "D7 harvest, medium: precision", ">= .95", at_least(.95), precision(mixed, MEDIUM, {"RW-HARVEST"}), as_share
    for style in ("fast", "medium", "slow"):
        yield f"D7 recall, {style}", "1.000", at_least(1), recall(mixed, MEDIUM, **{"class": "directory_harvest", "style": style, **PLAIN}), as_share
    yield ("D7 median names, the three tempos", "<= 13", at_most(13),
           effort(mixed, MEDIUM, "steps", **{"class": "directory_harvest", "style": lambda s: s != "distributed", **PLAIN}), as_number)
    yield "D7 distributed: recall", "(none asked)", None, recall(site, MEDIUM, **{"class": "directory_harvest", "style": "distributed"}), as_share
    yield ("D7 distributed: median names of the whole site", "<= 200", at_most(200),
           effort(site, MEDIUM, "steps", **{"class": "directory_harvest", "style": "distributed"}), as_number)
    yield "D11 guessing, fast: median attempts (low severity)", "<= 6", at_most(6), effort(mixed, LOW, "steps", name="guess", style="fast"), as_number
    yield "D11 slow: median attempts (low severity)", "<= 8", at_most(8), effort(mixed, LOW, "steps", name="guess", style="slow"), as_number
    yield ("D11 distributed, a tenth of all logins: median epochs", "<= 6", at_most(6),
           effort(site, MEDIUM, "epochs", name="guess", style="distributed"), as_number)
    yield "D11 distributed: recall", "(none asked)", None, recall(site, MEDIUM, name="guess", style="distributed"), as_share
    yield "D10 listed: precision", ">= .98", at_least(.98), precision(day, MEDIUM, {"RW-LISTED"}), as_share
    yield "D12 protocol: precision", "1.000", at_least(1), precision(day, MEDIUM, {"RW-PROTOCOL"}), as_share
    yield "shuffled within 120 s: the same verdict", "1.000", at_least(1), same_verdicts(rows, "shuffled"), as_share
    yield "shuffled: the same incidents", ">= .99", at_least(.99), same_incidents(rows, "shuffled"), as_share
    yield "shuffled, 1 % lost, 1 % doubled: the same incidents", ">= .99", at_least(.99), same_incidents(rows, "damaged"), as_share
    for kind in ("once", "twice"):
        yield (f"flood of fresh clients, each {kind}: recall lost", "<= .01", at_most(.01), flood_loss(flood, kind), as_share)
    yield "peak memory as a share of the budget", "<= 1.05", at_most(1.05), memory_use(rows, "own_kib"), as_share
    yield "the same, pages of program and libraries included", "<= 1.05", at_most(1.05), memory_use(rows, "rss_kib"), as_share


# ---- tables ----

def table(head, lines):
    """A Markdown table."""
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(map(str, x)) + " |" for x in lines])


def gate_table(sets):
    """All gates, one column a set; judged on the last."""
    lines = []
    for row in zip(*(list(gates(rows)) for _, rows in sets)):
        texts, keeps = [], ""
        for what, asked, keep, measure, form in row:
            value, text = measure.text(form)
            texts.append(text)
            keeps = "" if keep is None or value is None else "PASS" if keep(value) else "MISS"
        lines.append([row[0][0], row[0][1], *texts, keeps])
    lines.append(quiet_gate(sets))
    return table(["gate", "asked", *(f"set {name}" for name, _ in sets), ""], lines)


def quiet_gate(sets):
    """No false alarm of the bounce detectors in 180 days."""
    found = [false_in_quiet(rows, {"RW-BACKSCATTER", "RW-REVERSE-NDR", "RW-NDR-FLOOD"}) for _, rows in sets]
    return ["D5, D6 false alarms on quiet days", "0 in 180 days", *(f"{n} in {days} days" for n, days in found),
            "PASS" if found[-1][0] == 0 and found[-1][1] >= 180 else "MISS"]


def attack_table(rows):
    """Every kind of attack: how many were found, and how early."""
    groups, lines = collections.defaultdict(list), []
    for r, a in attacks_of([r for r in rows if not r["name"].startswith(("matrix", "robust", "flood"))]):
        named = "" if a["name"] != "guess" or a["style"] not in ("target", "spray", "slow") else ", accounts named" if r["names"] else ", accounts not named"
        groups[(a["name"], a["style"] + named, a["evasion"])].append(a)
    for (name, style, evasion), found in sorted(groups.items()):
        low, medium = [a[LOW] for a in found if LOW in a], [a[MEDIUM] for a in found if MEDIUM in a]
        steps = [x["steps"] for x in medium or low]
        seconds = [x["seconds"] for x in medium or low]
        lines.append([f"{name} {style}".strip(), "evasion" if evasion else "", len(found), len(low), len(medium),
                      f"{as_number(median(steps))} / {as_number(p95(steps))}" if steps else "-",
                      f"{as_minutes(median(seconds))} / {as_minutes(p95(seconds))}" if seconds else "-"])
    return table(["attack", "", "played", "found", "at medium", "steps, median / p95", "time, median / p95"], lines)


def false_table(rows):
    """False incidents on quiet days and on days with attacks."""
    counts, lines = collections.Counter(), []
    days = {"quiet": sum(r["days"] for r in rows if r["name"] == "quiet"),
            "attacks": sum(r["days"] for r in rows if r["name"].startswith(("mixed", "site")))}
    events = sum(r["mail_events"] for r in rows if r["name"] == "quiet")
    for r in rows:
        kind = "quiet" if r["name"] == "quiet" else "attacks" if r["name"].startswith(("mixed", "site")) else None
        for i in r["incidents"]:
            if kind and not i["true"]:
                bulk = "bulk mailer" in i["reason"]
                counts[(i["rule"], i["class"] or "(nobody in particular)", "high" if i["severity"] >= 73 else "medium", "yes" if bulk else "", kind)] += 1
    keys = sorted({k[:4] for k in counts})
    for k in keys:
        lines.append([*k, counts[(*k, "quiet")], counts[(*k, "attacks")]])
    total = sum(n for k, n in counts.items() if k[4] == "quiet")
    return (table(["rule", "who", "severity", "called a bulk mailer", f"in {days['quiet']} quiet days", f"in {days['attacks']} days with attacks"], lines) +
            f"\n\nOn quiet days: {total / max(days['quiet'], 1):.2f} false incidents a day, {1e6 * total / max(events, 1):.2f} in a million mail events.")


def large_text(rows):
    """The quiet day of a large site."""
    parts = []
    for r in rows:
        alerts = collections.Counter((i["rule"], "bulk mailer" in i["reason"]) for i in r["incidents"])
        named = ", ".join(f"{n} {rule}" + (" (called bulk mailers)" if bulk else "") for (rule, bulk), n in sorted(alerts.items()))
        parts.append(f"A quiet day of {r['users']:,} users: {r['mail_events']:,} mail events, {r['lines']:,} lines; {r['cpu_s']:.0f} CPU s, peak memory "
                     f"{r['rss_kib'] / 1024:.0f} MiB (budget 256); verdict \"{r['verdict']}\"; incidents of medium severity and above: {named or 'none'}.")
    return "\n".join(parts)


def report(rows, elapsed_s):
    """The whole section."""
    large, rows = [r for r in rows if r["name"].startswith("large")], [r for r in rows if not r["name"].startswith("large")]
    if not rows:
        return large_text(large)
    sets = [(s, [r for r in rows if r["set"] == s]) for s in "AB"]
    sets = [(s, x) for s, x in sets if x]
    name, last = sets[-1]
    seeds = sorted({r["seed"] for r in last})
    lines, days = sum(r["lines"] for r in rows), sum(r["days"] for r in rows)
    return "\n\n".join([
        f"Played: {len(rows)} runs, {days} days, {lines / 1e6:.0f} million lines, {sum(r['rejected'] for r in rows)} rejected, in {elapsed_s / 60:.0f} minutes. "
        f"Judged on set {name}, {len(seeds)} seeds ({seeds[0]} to {seeds[-1]}); in brackets 95 % bootstrap intervals over the seeds.",
        gate_table(sets), f"### Every attack, set {name}", attack_table(last), f"### False incidents of medium severity and above, set {name}", false_table(last)]
        + ([large_text(large)] if large else []))


def put_section(path, text):
    """Replace what stands between the marks; a file without marks gets them at its end."""
    old = path.read_text(encoding="utf-8")
    if BEGIN not in old:
        old = old.rstrip() + f"\n\n## Detection: simulated days\n\n{BEGIN}\n{END}\n"
    head, rest = old.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    path.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")
