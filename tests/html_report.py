#!/usr/bin/env python3
"""The HTML report as a file: html_report.py BINARY SAMPLES DATA

Well-formed and complete for every sample, the same bytes each time, nothing asked for from outside, nothing of a hostile
log in it as markup, small enough, replaced as a whole."""
import base64, hashlib, html.parser, os, pathlib, re, subprocess, sys, tempfile

sys.dont_write_bytecode = True
import html_logs  # noqa: E402

binary, samples, data = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3])
OPTIONS = ["--no-config", "-qq", "--year", "2026", "--local-domain", "example.org,example.net", "--trusted", "192.0.2.0/24"]
VOID = {"meta", "link", "br", "img", "input", "hr"}
ELEMENTS = set("html head meta title link style script body a abbr article b bdi br button caption circle code dd desc details div dl dt "
               "figcaption figure footer g h1 h2 h3 header li line main nav ol p path pre rect section small span summary svg table "
               "tbody td text th thead time title tr tspan ul".split())
ATTRIBUTES = set("aria-hidden aria-label aria-labelledby class content charset cx cy d data-v datetime dy height href http-equiv id lang name "
                 "open preserveaspectratio r rel role scope tabindex text-anchor title viewbox width x x1 x2 y y1 y2".split())
failures, checks = [], 0


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {str(seen)[:600]!r}")


def report(*logs, stdin=None, options=()):
    done = subprocess.run([binary, *OPTIONS, *map(str, options), "-o", "html", *map(str, logs)], input=stdin, capture_output=True,
                          timeout=120, stdin=subprocess.DEVNULL if stdin is None else None)
    check("the report is written", done.returncode == 0 and done.stdout, done.stderr)
    return done.stdout


class Page(html.parser.HTMLParser):
    """Elements and attributes that no log may add to, nesting, ids and where links lead to."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.wrong, self.ids, self.targets, self.count, self.words = [], [], [], [], {}, []
        self.feed(text)
        self.close()
        if self.stack:
            self.wrong.append(f"left open: {self.stack}")

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in ELEMENTS:
            self.wrong.append(f"element {tag}")
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.wrong.append(f"attribute {name} of {tag}")
            if name == "href" and not value.startswith("#") and value != "data:,":
                self.wrong.append(f"link to {value}")
            if name == "href" and value.startswith("#"):
                self.targets.append(value[1:])
            if name == "id":
                self.ids.append(value)
        if tag not in VOID and not self.get_starttag_text().endswith("/>"):
            self.stack.append(tag)

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.wrong.append(f"</{tag}> out of place at {self.getpos()}")

    def handle_data(self, text):
        self.words.append(text)

    def handle_comment(self, text):
        self.wrong.append(f"comment {text}")


def digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def check_page(name, raw):
    text = raw.decode()  # UTF-8 throughout, or this ends the test
    page = Page(text)
    check(f"{name}: elements and attributes are ours, and nest", not page.wrong, page.wrong[:5])
    check(f"{name}: ids are there once", len(page.ids) == len(set(page.ids)), sorted(page.ids))
    check(f"{name}: links lead somewhere", set(page.targets) <= set(page.ids), set(page.targets) - set(page.ids))
    for tag, wanted in ("h1", 1), ("main", 1), ("script", 1), ("style", 1), ("header", 1), ("footer", 1):
        check(f"{name}: {wanted} <{tag}>", page.count.get(tag) == wanted, page.count)
    check(f"{name}: no invisible or direction-changing characters",
          not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u0300-\u036f]", text))
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text).group(1)
    check(f"{name}: the policy names style and script by their digests and nothing else",
          policy == "default-src 'none'; style-src '{}'; script-src '{}'; img-src data:; base-uri 'none'; form-action 'none'".format(
              digest(re.search("<style>(.*?)</style>", text, re.S).group(1)),
              digest(re.search("<script>(.*?)</script>", text, re.S).group(1))), policy)
    check(f"{name}: nothing is asked for from outside", not re.search(r"(?:src|href)\s*=\s*[\"']?\s*(?:https?:|//)|url\(|@import", text))
    return page


def check_samples():
    for log in sorted(samples.rglob("*.log")):
        check_page(log.name, report(log))
    log = samples / "relay-open.log"
    page = report(log)
    check("the same log gives the same page", page == report(log))
    words = " ".join("".join(check_page("relay-open", page).words).split())
    for text in ("This server relays mail for strangers: 54 recipients delivered for 203.0.113.104 and 3 more.", "What to do now",
                 "smtpd_relay_restrictions = permit_mynetworks,", "relay-open.log:192",
                 "Unauthenticated relay accepted", "Counted per 5 min", "does not relay for strangers"):
        check(f"the page says: {text}", text in words, words[:2000])
    check("an empty log has a page", b"shows too little" in report(stdin=b"\n"))
    learnt = report(log, options=["--no-config"])
    check("zones that were given are not proposed", b"--local-domain</code>" not in learnt)


def check_places():
    text = report(samples / "relay-open.log", samples / "relay-probed.log", options=[
        "--geoip-city", data / "geo-city.mmdb", "--geoip-asn", data / "geo-as.mmdb"])
    page = check_page("places", text)
    rows = [re.sub("<[^>]*>", " ", row).split() for row in re.findall("<tr>.*?</tr>", text.decode(), re.S)]
    # addresses, relaying refused, logins failed, recipients, bad
    check("a country adds up its clients", any(row[:2] == ["Viet", "Nam"] and row[4:] == "10 23 20 41 10".split() for row in rows),
          [row for row in rows if row[:1] == ["Viet"]])
    check("a network adds up its clients", any(row[:1] == ["AS64496"] and row[6:] == "17 30 20 41 10".split() for row in rows),
          [row for row in rows if row[:1] == ["AS64496"]])
    check("places have a section", "places" in page.ids)
    check("and a map", page.count.get("circle", 0) >= 2 and "Map of the world with" in text.decode(), page.count)
    for name in "geo-odd.mmdb", "geo-text.mmdb":
        check_page(name, report(samples / "relay-open.log", options=["--geoip-city", data / name]))


def check_hostile():
    page = check_page("hostile", report(stdin=html_logs.hostile_day()))
    words = "".join(page.words)
    check("hostile text is shown", html_logs.SCRIPT in words and "onerror=window.hit=2" in words and "\\u202e" in words and "\\x1b" in words)
    check("hostile incidents are told", page.count.get("details", 0) > 20, page.count)


def check_size():
    for name, options in ("bad day", []), ("bad day with a map", ["--geoip-country", data / "geo-world.mmdb", "--geoip-asn", data / "geo-as.mmdb"]):
        page = report(stdin=html_logs.bad_day(46).encode(), options=options)
        seen = check_page(name, page)
        incidents = len([name for name in seen.ids if re.fullmatch(r"i\d+", name)])
        print(f"# {name}: {incidents} incidents: {len(page)} bytes")
        check("a day with 200 incidents stays below 500 kB", len(page) < 500_000 and incidents >= 200, (len(page), incidents))


def check_file():
    with tempfile.TemporaryDirectory() as d:
        path = pathlib.Path(d, "report.html")
        for name in "relay-open.log", "backscatter.log":
            subprocess.run([binary, *OPTIONS, "-o", f"html:{path}", samples / name], check=True, stdin=subprocess.DEVNULL)
        check("a second run replaces the page", path.read_bytes().count(b"<!DOCTYPE html>") == 1 and b"backscatter.log" in path.read_bytes())
        check("nothing is left beside it", os.listdir(d) == ["report.html"], os.listdir(d))
        both = subprocess.run([binary, *OPTIONS, "-o", f"html:{path}", "-o", "json", samples / "relay-open.log"], capture_output=True,
                              check=True, stdin=subprocess.DEVNULL)
        check("beside other outputs", both.stdout.count(b"\n") > 3 and b"relay-open.log" in path.read_bytes())


check_samples()
check_places()
check_hostile()
check_size()
check_file()
print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures))
