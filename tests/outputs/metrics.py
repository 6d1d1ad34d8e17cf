#!/usr/bin/env python3
"""Figures for Prometheus and the report by HTTP: metrics.py PART BINARY SOURCE

textfile: at the end of a batch. listen: /metrics, /healthz, /readyz of a log that is followed. serve: the report, its event
stream, its token. hostile, drip: what clients do who mean no good. rules: contrib/prometheus, by promtool where there is one."""
import contextlib, http.client, os, pathlib, re, shutil, signal, socket, subprocess, sys, tempfile, threading, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import prometheus

part, binary, source = sys.argv[1], os.path.abspath(sys.argv[2]), pathlib.Path(sys.argv[3]).resolve()
LOG = source / "samples/relay-probed.log"
COMMON = ["--no-config", "--year", "2026", "--local-domain", "example.org,example.net", "--trusted", "192.0.2.0/24"]
PROMTOOL = shutil.which("promtool")
TOKEN = "a-token-of-some-length"
failures, checks = [], 0


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
        print(f"not ok - {what}: {str(seen)[:600]}")


def promtool(what, text):
    if PROMTOOL:
        done = subprocess.run([PROMTOOL, "check", "metrics"], input=text.encode(), capture_output=True)
        check(f"{what}: promtool", done.returncode == 0 and not done.stderr.strip(), done.stderr.decode())


def total(samples, name, **wanted):
    return sum(v for (n, labels), v in samples.items() if n == "relaywatch_" + name and wanted.items() <= dict(labels).items())


class Run:
    """A run that follows a log which grows; `port` is where it listens."""

    def __init__(self, folder, *arguments, lines=(), env=None):
        self.log = folder / "mail.log"
        self.log.write_text("".join(lines))
        self.process = subprocess.Popen([binary, *COMMON, "--follow", "-o", f"json:{folder}/alerts.json", *map(str, arguments),
                                         str(self.log)], stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL,
                                        stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        wanted = sum(a in ("--serve", "--metrics-listen") for a in arguments)
        said = [self.process.stderr.readline() for _ in range(wanted)]
        self.ports = [int(re.search(r"at port (\d+)", line)[1]) for line in said]
        self.port = self.ports[0] if self.ports else None
        self.rest = []
        self.reader = threading.Thread(target=lambda: self.rest.extend(self.process.stderr), daemon=True)
        self.reader.start()

    def add(self, lines):
        with self.log.open("a") as f:
            f.write("".join(lines))

    def get(self, path, method="GET", headers=None, port=None, timeout=10, body=None):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)) as c:
            c.request(method, path, headers=headers or {}, body=body)
            r = c.getresponse()
            return r.status, {k.lower(): v for k, v in r.getheaders()}, r.read().decode()

    def wait(self, path, good, seconds=20, **more):
        until = time.monotonic() + seconds
        while not good(answer := self.get(path, **more)) and time.monotonic() < until:
            time.sleep(0.1)
        return answer

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        self.reader.join(5)
        self.process.stderr.close()
        return status


def sample_lines():
    return LOG.read_text().splitlines(keepends=True)


# ---- parts ----

def textfile(folder):
    file = folder / "relaywatch.prom"
    run = [binary, *COMMON, "-q", "-o", "csv:/dev/null", "--metrics-textfile", str(file), str(LOG)]
    texts = []
    for _ in range(2):
        done = subprocess.run(run, capture_output=True, text=True)
        check("exit status", done.returncode == 0, done.stderr)
        texts.append(file.read_text())
    check("all may read it", file.stat().st_mode & 0o777 == 0o644, oct(file.stat().st_mode))
    check("nothing is left beside it", [p.name for p in folder.iterdir()] == ["relaywatch.prom"], list(folder.iterdir()))
    samples = prometheus.read(texts[0])
    promtool("text file", texts[0])
    lines = len(sample_lines())
    check("lines", total(samples, "lines_total") == lines, total(samples, "lines_total"))
    check("bytes", total(samples, "bytes_read_total") > 0 and total(samples, "bytes_read_total") <= LOG.stat().st_size + lines)
    check("parsed by format", total(samples, "records_parsed_total", format="postfix") == total(samples, "records_total", result="parsed") > 0)
    alerts = subprocess.run([binary, *COMMON, "-qq", "-o", "csv", str(LOG)], capture_output=True, text=True).stdout
    told = {m for m in re.findall(r"RW-[A-Z-]+", alerts)}
    check("alerts by rule", {dict(l)["rule"] for (n, l), v in samples.items() if n == "relaywatch_alerts_total" and v} == told, told)
    check("no lag in a batch", not any(n == "relaywatch_input_lag_seconds" for n, _ in samples))
    check("few samples", len(samples) < 400, len(samples))
    check("no address in a label", not re.search(r'="[^"]*(\d+\.\d+\.\d+\.\d+|@|:)', texts[0]))
    volatile = r"relaywatch_(start_time_seconds|memory_bytes|config_last_reload_success_timestamp_seconds) .*"
    check("the same again", re.sub(volatile, "", texts[0]) == re.sub(volatile, "", texts[1]))
    done = subprocess.run([*run[:-2], str(folder / "no/such.prom"), str(LOG)], capture_output=True, text=True)
    check("a folder that is missing is told", done.returncode == 74 and "cannot write" in done.stderr, (done.returncode, done.stderr))
    for option in ("--serve", "--metrics-listen"):
        done = subprocess.run([binary, *COMMON, option, "0", str(LOG)], capture_output=True, text=True)
        check(f"{option} in a batch", done.returncode == 2 and "--follow" in done.stderr, done.stderr)
        (folder / "conf").write_text(f"{option[2:]} = 0\n")
        done = subprocess.run([binary, "-c", str(folder / "conf"), *COMMON[1:], "-o", "csv:/dev/null", str(LOG)], capture_output=True, text=True)
        check(f"{option} in a file is for other runs", done.returncode == 0 and "HTTP" not in done.stderr, done.stderr)
        done = subprocess.run([binary, *COMMON, "-F", option, "mail.example.org:80", str(LOG)], capture_output=True, text=True)
        check(f"{option} at a name", done.returncode == 2 and "no address" in done.stderr, done.stderr)


def listen(folder):
    all_lines = sample_lines()
    half = len(all_lines) // 2
    run = Run(folder, "--metrics-listen", "0", "--metrics-textfile", folder / "m.prom", lines=all_lines[:half])
    status, headers, text = run.wait("/metrics", lambda a: a[0] == 200 and total(prometheus.read(a[2]), "lines_total") >= half)
    check("content type", headers.get("content-type") == "text/plain; version=0.0.4; charset=utf-8", headers)
    check("no store", headers.get("cache-control") == "no-store", headers)
    first = prometheus.read(text)
    check("lag", total(first, "input_lag_seconds") != 0 and total(first, "last_event_timestamp_seconds") > 1.7e9)
    promtool("listen", text)
    check("healthy", run.get("/healthz")[0] == 200)
    check("ready", run.get("/readyz")[0] == 200)
    check("else nothing", run.get("/")[0] == 404 and run.get("/metrics/../etc/passwd")[0] == 404)
    check("HEAD", run.get("/metrics", "HEAD")[::2] == (200, ""))
    status, headers, _ = run.get("/metrics", "POST", body="x" * 100)
    check("read only", status == 405 and headers.get("allow") == "GET, HEAD", (status, headers))
    before, at = first, half
    for n in range(4):
        step = (len(all_lines) - half) // 4 if n < 3 else len(all_lines)
        run.add(all_lines[at:at + step])
        at = min(at + step, len(all_lines))
        _, _, text = run.wait("/metrics", lambda a: total(prometheus.read(a[2]), "lines_total") >= at)
        after = prometheus.read(text)
        check("counters do not fall", not prometheus.counters_fell(before, after), prometheus.counters_fell(before, after))
        before = after
    check("all lines", total(before, "lines_total") == len(all_lines), total(before, "lines_total"))
    check("alerts", total(before, "alerts_total") > 0)
    check("loopback only", subprocess.run(["ss", "-Hltn", f"sport = :{run.port}"], capture_output=True, text=True).stdout.split()[3:4]
          in ([f"127.0.0.1:{run.port}"], []) if shutil.which("ss") else True)
    check("ends as told", run.end() == 143, run.rest)
    last = prometheus.read((folder / "m.prom").read_text())
    check("text file at the end", not prometheus.counters_fell(before, last), prometheus.counters_fell(before, last))
    other = subprocess.run([binary, *COMMON, "-F", "--metrics-listen", "192.0.2.1:1", str(LOG)], capture_output=True, text=True)
    check("an address that is not ours", other.returncode == 74 and "cannot listen" in other.stderr, other.stderr)


class Events:
    """Reads /events in the background."""

    def __init__(self, port, path="/events"):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.connection.request("GET", path)
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        self.lines = []
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError, AttributeError):
            while line := self.answer.readline():
                self.lines.append(line.decode().rstrip("\n"))
        self.lines.append("(end)")

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def data(self):
        return [line[6:] for line in list(self.lines) if line.startswith("data: ")]

    def wait(self, good, seconds=20):
        until = time.monotonic() + seconds
        while not good(self) and time.monotonic() < until:
            time.sleep(0.05)
        return good(self)


def policy_of(page):
    return re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]


def serve(folder):
    import base64, hashlib
    all_lines = sample_lines()
    run = Run(folder, "--serve", "0", lines=all_lines[:3])
    status, headers, page = run.wait("/", lambda a: a[0] == 200)
    check("page", status == 200 and headers["content-type"] == "text/html; charset=utf-8" and page.startswith("<!DOCTYPE html>"))
    check("not to be framed", headers.get("content-security-policy") == "frame-ancestors 'none'" and headers.get("x-frame-options") == "DENY")
    policy = policy_of(page)
    check("policy stays strict", "unsafe" not in policy and "default-src 'none'" in policy and "connect-src 'self'" in policy, policy)
    for script in re.findall(r"<script>(.*?)</script>", page, re.S):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        check("each script is named by the policy", f"'sha256-{digest}'" in policy, policy)
    check("two scripts", len(re.findall("<script>", page)) == 2)
    number = re.search(r'<html lang="en" data-page="(\d+)"', page)[1]
    events = Events(run.port)
    check("stream", events.answer.status == 200 and events.answer.getheader("content-type").startswith("text/event-stream"))
    check("greeting", events.wait(lambda e: e.data() == [number]), (events.lines, number))
    run.add(all_lines[3:])
    check("news of alerts", events.wait(lambda e: e.data() and e.data()[-1] != number), events.lines)
    _, _, page = run.wait("/", lambda a: f'data-page="{events.data()[-1]}"' in a[2])
    check("the page has it", f'data-page="{events.data()[-1]}"' in page)
    check("the page tells of them", "203.0.113." in page or "198.51.100." in page)
    check("a file is as ever", "EventSource" in page and "EventSource" not in subprocess.run(
        [binary, *COMMON, "-qq", "-o", "html", str(LOG)], capture_output=True, text=True).stdout)
    check("stranger's name", run.get("/", headers={"Host": "relaywatch.example.com"})[0] == 421)
    check("local names", all(run.get("/", headers={"Host": h})[0] == 200 for h in ("localhost", "localhost:1", "127.0.0.1", "[::1]:80")))
    check("metrics are elsewhere", run.get("/metrics")[0] == 404)
    check("ends as told", run.end() == 143, run.rest)
    check("the stream ends with it", events.wait(lambda e: "(end)" in e.lines), events.lines)


def token(folder):
    file = folder / "token"
    file.write_text(TOKEN + "\n")
    run = Run(folder, "--serve", "0.0.0.0:0", "--serve-token", file, lines=sample_lines())
    bearer = {"Authorization": "Bearer " + TOKEN}
    check("with a token", run.wait("/", lambda a: a[0] == 200, headers=bearer)[0] == 200)
    status, headers, text = run.get("/")
    check("without", status == 401 and headers.get("www-authenticate", "").startswith("Bearer") and "203." not in text, text)
    for what, given in (("shorter", TOKEN[:-1]), ("longer", TOKEN + "x"), ("other", TOKEN[:-1] + "X"), ("empty", "")):
        check(f"{what} token", run.get("/", headers={"Authorization": "Bearer " + given})[0] == 401)
        check(f"{what} token in the query", run.get("/?token=" + given)[0] == 401)
    check("in the query", run.get("/?token=" + TOKEN)[0] == 200)
    check("events without", run.get("/events")[0] == 401)
    events = Events(run.port, "/events?token=" + TOKEN)
    check("events with", events.answer.status == 200 and events.wait(lambda e: len(e.data()) == 1), events.lines)
    check("health needs none", run.get("/healthz")[0] == 200)
    check("any name", run.get("/", headers={**bearer, "Host": "relaywatch.example.com"})[0] == 200)
    run.end()
    run = Run(folder, "--serve", "0", lines=sample_lines(), env={"CREDENTIALS_DIRECTORY": str(folder)})
    check("no credential of that name", run.wait("/", lambda a: a[0] == 200)[0] == 200)
    run.end()
    (folder / "serve-token").write_text(TOKEN)
    run = Run(folder, "--serve", "0", lines=sample_lines(), env={"CREDENTIALS_DIRECTORY": str(folder)})
    check("credential", run.wait("/", lambda a: a[0] == 200, headers=bearer)[0] == 200 and run.get("/")[0] == 401)
    run.end()
    for what, arguments, content in (("none beyond this machine", ["--serve", "0.0.0.0:0"], None),
                                     ("a short one", ["--serve", "0", "--serve-token", str(file)], "short\n"),
                                     ("two words", ["--serve", "0", "--serve-token", str(file)], TOKEN + " " + TOKEN),
                                     ("a missing file", ["--serve", "0", "--serve-token", str(folder / "no")], None)):
        if content:
            file.write_text(content)
        done = subprocess.run([binary, *COMMON, "-F", *arguments, str(LOG)], capture_output=True, text=True, timeout=20)
        check(what, done.returncode in (2, 78) and "token" in done.stderr, (done.returncode, done.stderr))


def hostile(folder):
    run = Run(folder, "--serve", "0", "--metrics-listen", "0", lines=sample_lines())
    metrics, report = run.ports
    run.wait("/", lambda a: a[0] == 200, port=report)
    check("long URL", run.get("/" + "a" * 60000, port=report)[0] == 414)
    check("long header", run.get("/", headers={"X": "a" * 60000}, port=report)[0] in (413, 431))
    check("still there", run.get("/", port=report)[0] == 200)
    for raw in (b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
                b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
                b"GET /?" + b"&" * 3000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", report), 5) as s:
            s.sendall(raw)
            s.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                s.recv(1000)
    check("after nonsense", run.get("/", port=report)[0] == 200)
    streams = [Events(report) for _ in range(20)]
    check("listeners are bounded", sorted({e.answer.status for e in streams}) == [200, 503] and
          sum(e.answer.status == 200 for e in streams) == 16, [e.answer.status for e in streams])
    check("the page has room", run.get("/", port=report)[0] == 200)
    slow = []
    for _ in range(120):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        s.settimeout(5)
        with contextlib.suppress(OSError):
            s.connect(("127.0.0.1", report))
            s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")  # and reads nothing
        slow.append(s)
    began, wanted = time.monotonic(), total(prometheus.read(run.get("/metrics", port=metrics)[2]), "lines_total") + len(sample_lines())
    run.add(sample_lines())
    _, _, text = run.wait("/metrics", lambda a: total(prometheus.read(a[2]), "lines_total") >= wanted, port=metrics)
    check("slow clients hold nothing up", total(prometheus.read(text), "lines_total") >= wanted and time.monotonic() - began < 15)
    status = pathlib.Path(f"/proc/{run.process.pid}/fd")
    check("descriptors are bounded", len(list(status.iterdir())) < 120, len(list(status.iterdir())))
    for s in slow:
        s.close()
    for e in streams:
        e.close()
    check("back again", run.wait("/", lambda a: a[0] == 200, port=report)[0] == 200)
    check("ends as told", run.end() == 143, run.rest)


def drip(folder):
    """A byte a second, for ever: of a request, and of an answer; and a listener who may stay."""
    run = Run(folder, "--serve", "0", lines=sample_lines())
    run.wait("/", lambda a: a[0] == 200)
    events, began, ended = Events(run.port), time.monotonic(), {}
    with socket.create_connection(("127.0.0.1", run.port), 5) as writer, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        reader.settimeout(5)
        reader.connect(("127.0.0.1", run.port))
        reader.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        writer.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")
        there = "%04X" % run.port
        while len(ended) < 2 and time.monotonic() - began < 50:
            time.sleep(1)
            try:
                writer.sendall(b"x")
            except OSError:
                ended.setdefault("writer", time.monotonic() - began)
            if "reader" not in ended:
                reader.recv(1)
            open_ones = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
            peer = "0100007F:%04X" % reader.getsockname()[1]
            if not any(f[1].endswith(":" + there) and f[2] == peer and f[3] == "01" for f in open_ones):
                ended.setdefault("reader", time.monotonic() - began)
    check("slow requests and readers end", sorted(ended) == ["reader", "writer"] and all(25 < t < 45 for t in ended.values()), ended)
    check("a listener stays", "(end)" not in events.lines and any(line == ":" for line in events.lines), events.lines)
    check("served as ever", run.get("/")[0] == 200)
    check("ends as told", run.end() == 143, run.rest)


def rules(folder):
    alerts = source / "contrib/prometheus/alerts.yml"
    used = set(re.findall(r"relaywatch_[a-z0-9_]+", alerts.read_text()))
    used |= set(re.findall(r"relaywatch_[a-z0-9_]+", (source / "contrib/grafana/relaywatch-metrics.json").read_text()))
    used |= set(re.findall(r"`(relaywatch_[a-z0-9_]+)", (source / "docs/outputs.md").read_text()))
    run = Run(folder, "--metrics-textfile", folder / "m.prom", lines=sample_lines())
    until = time.monotonic() + 20
    while time.monotonic() < until and not (folder / "m.prom").exists():
        time.sleep(0.1)
    time.sleep(1)  # and what the log holds is read
    run.end()
    samples = prometheus.read((folder / "m.prom").read_text())
    have = {name for name, _ in samples} | {"relaywatch_scenario_fired_total", "relaywatch_geoip_build_timestamp_seconds"}  # of files that this run has not
    check("rules and dashboard use metrics that there are", used <= have and len(used) > 10, used - have)
    if PROMTOOL:
        done = subprocess.run([PROMTOOL, "check", "rules", str(alerts)], capture_output=True, text=True)
        check("promtool check rules", done.returncode == 0 and "SUCCESS" in done.stdout, done.stdout + done.stderr)


with tempfile.TemporaryDirectory(prefix="metrics-") as made:
    if part in ("listen", "serve", "token", "hostile", "drip") and "libmicrohttpd left out" in subprocess.run(
            [binary, "--version"], capture_output=True, text=True).stdout:
        print("built without libmicrohttpd")
        sys.exit(77)
    globals()[part](pathlib.Path(made))
print(f"{checks} checks, {len(failures)} failed" + ("" if PROMTOOL else " (without promtool)"))
sys.exit(bool(failures))
