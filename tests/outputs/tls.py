#!/usr/bin/env python3
"""Outputs to a collector by TLS: tls.py BINARY SOURCE [OPTIONS of relaywatch]

Servers with certificates made here: what arrives at the right one is what a file gets, framed by octet counting (RFC 5425);
a wrong name, an unknown authority, an expired certificate, a server without TLS, an old version, another fingerprint are
refused with a reason and get no byte of a message; what was kept meanwhile arrives once the right one is there."""
import concurrent.futures, hashlib, json, os, pathlib, re, shutil, signal, socket, ssl, subprocess, sys, tempfile, threading, time, warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
from harness import check, end, needs_landlock, probing_clients, wait_for

binary, source, more = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:]
LOG = source / "samples/relay-probed.log"
COMMAND = [binary, "--no-config", "-qq", "--year", "2026", "--local-domain", "example.org,example.net", "--trusted", "192.0.2.0/24", *more]
LIVE = [binary, "--no-config", "-q", "--local-domain", "example.org", "--memory", "48M", *more]
warnings.simplefilter("ignore", DeprecationWarning)  # of old versions, which are played here
work = pathlib.Path(tempfile.mkdtemp(prefix="tls-"))

if "on" in more:
    needs_landlock(binary)

if "GnuTLS left out" in subprocess.run([binary, "--version"], capture_output=True, text=True).stdout:
    for options in ((), ("--check-config",)):
        done = subprocess.run([*COMMAND, *options, "-o", "syslog:tls://localhost", str(LOG)], capture_output=True, text=True)
        check("built without: said, 78", done.returncode == 78 and "built without GnuTLS" in done.stderr, done)
    end()

# ---- certificates ----


def openssl(*args):
    subprocess.run(["openssl", *args], cwd=work, check=True, capture_output=True)


def authority(name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.pem",
            "-subj", f"/CN=Test authority {name}", "-days", "30")


def certificate(name, ca, names, days="30", usage="serverAuth"):
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
            f"/CN={name}", "-addext", f"subjectAltName={names}", "-addext", f"extendedKeyUsage={usage}")
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", days, "-out", f"{name}.pem",
            "-copy_extensions", "copy")


for ca in ("ca", "other"):
    authority(ca)
certificate("good", "ca", "DNS:localhost,IP:127.0.0.1")
certificate("wrong", "ca", "DNS:elsewhere.example")
certificate("expired", "ca", "DNS:localhost", days="-1")
certificate("stranger", "other", "DNS:localhost")
certificate("purpose", "ca", "DNS:localhost", usage="clientAuth")
certificate("client", "ca", "DNS:client.example", usage="clientAuth")
CA = ("--tls-ca", str(work / "ca.pem"))
WHERE = socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)[0]  # as the program will
DIGEST = {name: ssl.PEM_cert_to_DER_cert((work / f"{name}.pem").read_text()) for name in ("good", "stranger")}


def sha256(der):
    return hashlib.sha256(der).hexdigest()


def free_port():
    with socket.create_server((WHERE[4][0], 0), family=WHERE[0]) as s:
        return s.getsockname()[1]


class Server:
    """A collector; certificate None: no TLS, and with a greeting it speaks first. Keeps what it reads, and what it was asked for."""

    def __init__(self, certificate, port=0, host=None, greeting=None, client_ca=None, version=None, pause=0.0):
        self.raw, self.plain, self.names, self.versions, self.errors = [], [], [], [], []
        self.greeting, self.pause, self.context = greeting, pause, None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(work / f"{certificate}.pem", work / f"{certificate}.key")
            self.context.sni_callback = lambda sock, name, context: self.names.append(name)
            if client_ca:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(work / f"{client_ca}.pem")
            if version:
                self.context.set_ciphers("DEFAULT@SECLEVEL=0")
                self.context.minimum_version = self.context.maximum_version = version
        self.server = socket.create_server((host or WHERE[4][0], port), family=socket.AF_INET if host else WHERE[0])
        self.port, self.going = self.server.getsockname()[1], True
        self.server.settimeout(0.1)
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while True:
            try:
                peer, _ = self.server.accept()
            except TimeoutError:
                if self.going:
                    continue
                return
            peer.settimeout(0.2)
            try:
                self.talk(peer)
            except (ssl.SSLError, OSError) as error:
                self.errors.append(str(error))
            peer.close()

    def talk(self, peer):
        if self.greeting:
            peer.sendall(self.greeting)
        if self.context:
            peer.settimeout(5)
            peer = self.context.wrap_socket(peer, server_side=True)
            self.versions.append(peer.version())
            peer.settimeout(0.2)
        kept = self.raw if self.context else self.plain
        kept.append(b"")
        while True:
            try:
                chunk = peer.recv(1 << 12)
            except TimeoutError:
                if self.going:
                    continue
                break
            if not chunk:
                break
            kept[-1] += chunk
            time.sleep(self.pause)
        peer.close()

    def stop(self):
        self.going = False
        self.thread.join()
        self.server.close()
        return self.raw


def octets(raw):
    while raw:
        length, blank, rest = raw.partition(b" ")
        if not blank or not length.isdigit() or length.startswith(b"0") or len(rest) < int(length):
            return  # cut
        yield rest[:int(length)]
        raw = rest[int(length):]


def messages(raws):
    return [m for raw in raws for m in octets(raw)]


def run(*args, logs=(LOG,), timeout=120):
    started = time.monotonic()
    done = subprocess.run([*COMMAND, *args, *map(str, logs)], capture_output=True, stdin=subprocess.DEVNULL, timeout=timeout)
    return done, time.monotonic() - started


WANT = run("-o", "syslog")[0].stdout.split(b"\n")[:-1]
HEAD = re.compile(rb"<\d{1,3}>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z \S+ relaywatch - \S+ \[origin [^]]*\] ")

# ---- the right one ----


def right(what, server, address, *args):
    done, took = run("-o", f"syslog:tls://{address}", *args)
    got = messages(server.stop())
    check(f"{what}: every message, framed, as a file gets it", done.returncode == 0 and got == WANT, (done, server.errors, len(got), len(WANT)))
    check(f"{what}: RFC 5424", got and all(HEAD.match(m) for m in got), got[:1])
    return server, took


def the_right_one():
    for what, version, host in (("TLS 1.3", ssl.TLSVersion.TLSv1_3, None), ("TLS 1.2", ssl.TLSVersion.TLSv1_2, None), ("an address", None, "127.0.0.1")):
        server = Server("good", version=version, host=host)
        right(what, server, f"{host or 'localhost'}:{server.port}", *CA)
        check(f"{what}: names the server, and no address as a name", server.names == [None if host else "localhost"], server.names)
        check(f"{what}: no older version", server.versions and set(server.versions) <= {"TLSv1.2", "TLSv1.3"}, server.versions)
    for text in (sha256(DIGEST["stranger"]), "SHA-256:" + ":".join(re.findall("..", sha256(DIGEST["stranger"]).upper()))):
        server = Server("stranger")
        right("a fingerprint in place of authorities", server, f"localhost:{server.port}", "--tls-fingerprint", text)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        server = Server("good", client_ca="ca", version=version)
        right(f"a certificate of ours, {version.name}", server, f"localhost:{server.port}", *CA, "--tls-cert", str(work / "client.pem"), "--tls-key",
              str(work / "client.key"))
    server, logs = Server("good", pause=0.005), sorted(source.glob("samples/**/*.log"))
    want = run("-o", "json", logs=logs)[0].stdout.split(b"\n")[:-1]
    done, _ = run("-o", f"json:tls://localhost:{server.port}", *CA, logs=logs)
    got = b"".join(server.stop()).split(b"\n")[:-1]
    check("a slow one loses nothing", got == want and len(want) > 100, (done, len(got), len(want)))


# ---- wrong ones: nothing reaches them ----


def wrong(what, word, server, *args):
    out = work / f"{what.replace(' ', '-')}.json"
    done, took = run("-o", f"syslog:tls://localhost:{server.port}", "-o", f"json:{out}", *args)
    raws = server.stop()
    check(f"{what}: refused with a reason, 74", done.returncode == 74 and word in done.stderr and b"messages were lost" in done.stderr, done)
    check(f"{what}: the other output is whole, and it ends", out.read_bytes().count(b"\n") > 1 and took < 60, took)
    check(f"{what}: no message got there", not any(b"relaywatch" in raw for raw in raws + server.plain), (raws, server.plain))


def the_wrong_ones():
    pem = [str(work / f"client.{end}") for end in ("pem", "key")]
    cases = (("a wrong name", b"is for other names", Server("wrong"), *CA),
             ("an unknown authority", b"unknown authority", Server("stranger"), *CA),
             ("the system's authorities", b"unknown authority", Server("good")),
             ("an expired certificate", b"has expired", Server("expired"), *CA),
             ("a certificate of a client", b"is not for servers", Server("purpose"), *CA),
             ("another fingerprint", b"another fingerprint", Server("good"), *CA, "--tls-fingerprint", sha256(DIGEST["stranger"])),
             ("no TLS and a greeting", b"does not speak TLS", Server(None, greeting=b"220 collector\r\n"), *CA),
             ("no TLS and silence", b"no answer to the handshake", Server(None), *CA),
             ("an old version", b"refuses us", Server("good", version=ssl.TLSVersion.TLSv1_1), *CA),
             ("no certificate of ours 1.2", b"asks for a certificate (--tls-cert)", Server("good", client_ca="ca", version=ssl.TLSVersion.TLSv1_2), *CA),
             ("no certificate of ours 1.3", b"asks for a certificate (--tls-cert)", Server("good", client_ca="ca", version=ssl.TLSVersion.TLSv1_3), *CA),
             ("one of ours by a stranger", b"refuses us", Server("good", client_ca="other"), *CA, "--tls-cert", pem[0], "--tls-key", pem[1]))
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for job in [pool.submit(wrong, *case) for case in cases]:
            job.result()


def configuration():
    key, broken = str(work / "good.key"), work / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n")
    for args, word in ((("--tls-ca", str(work / "none.pem")), b"--tls-ca"), (("--tls-ca", str(broken)), b"--tls-ca"), (("--tls-fingerprint", "12:34"), b"64 hex"),
                       ((*CA, "--tls-cert", str(work / "client.pem"), "--tls-key", key), b"--tls-cert"), ((*CA, "--tls-key", key), b"needs --tls-cert")):
        for check_only in ((), ("--check-config",)):
            done, _ = run("-o", "syslog:tls://localhost:1", *args, *check_only)
            check(f"{args}: said before anything is read, 78", done.returncode == 78 and word in done.stderr, done)
    for output, status in (("syslog:tls://", 74), ("syslog:tls://localhost:", 74), ("csv:tls://localhost", 74)):
        done, _ = run("-o", output, *CA)
        check(f"{output} is refused", done.returncode == status, done)


# ---- logs that are followed ----


def ids(texts):
    found = {}
    for text in texts:
        doc = json.loads(text[text.index(b"{"):])
        if doc["event"]["kind"] == "alert":
            found.setdefault(doc["event"]["id"], doc)
    return list(found)


class Run:
    def __init__(self, name, *options):
        self.folder = work / name
        self.folder.mkdir(exist_ok=True)
        os.chmod(self.folder, 0o777)
        self.log, self.errors, self.whole = self.folder / "mail.log", self.folder / "stderr", self.folder / "all.json"
        self.log.touch()
        with open(self.errors, "ab") as err:
            self.process = subprocess.Popen([*LIVE, "-F", *options, "-o", f"json:{self.whole}", str(self.log)], stderr=err)

    def add(self, text):
        with open(self.log, "a") as f:
            f.write(text)

    def said(self):
        return self.errors.read_text()

    def told(self):
        return ids(self.whole.read_bytes().split(b"\n")[:-1]) if self.whole.exists() else []

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=60)


def alert_ids(server):
    return ids([m for m in messages(server.raw) if b" SUMMARY " not in m])


def wrong_ones_first():
    """One after the other at the same address, and relaywatch is killed once meanwhile: the spool has it all."""
    port, spool = free_port(), work / "spool"
    spool.mkdir()
    options = ("-o", f"syslog-json:tls://localhost:{port}", *CA, "--spool", str(spool), "--state", str(work / "changing-state"), "--state-every", "1")
    run, wanted = Run("changing", *options), 0
    for step, (certificate, word) in enumerate((("stranger", "unknown authority"), ("expired", "has expired"), (None, "no answer to the handshake"))):
        server = Server(certificate, port=port)
        if step == 1:
            time.sleep(1.5)  # a state is written
            run.stop(signal.SIGKILL)
            run = Run("changing", *options)
        run.add(probing_clients(step * 20, 20))
        check(f"changing {certificate}: reading goes on", wait_for(lambda: len(run.told()) >= step * 20 + 20, 20), run.said())
        check(f"changing {certificate}: it is told", wait_for(lambda: word in run.said()), run.said())
        server.stop()
        check(f"changing {certificate}: nothing got there", not any(b"relaywatch" in raw for raw in server.raw + server.plain), server.plain)
    check("changing: it waits on the disk", any(f.stat().st_size > 10000 for f in spool.glob("*.spool")), list(spool.glob("*")))
    server = Server("good", port=port)
    wait_for(lambda: len(alert_ids(server)) >= len(run.told()))
    status = run.stop()
    want, got = run.told(), alert_ids(server)
    server.stop()
    check("changing: all arrive, in order, once the right one is there", got == want and len(want) >= 60 and status == 143, (len(got), len(want), status, run.said()))
    check("changing: an empty spool leaves no file", not list(spool.glob("*.spool")), list(spool.glob("*")))
    print(f"changing     {len(got)} alerts after three wrong collectors and a sudden end")


def away():
    """The collector is stopped and started again three times while alerts come."""
    port = free_port()
    server, raws = Server("good", port=port), []
    run = Run("away", "-o", f"syslog-json:tls://localhost:{port}", *CA)
    for step in range(4):
        run.add(probing_clients(step * 40, 20))
        wait_for(lambda: len(run.told()) >= step * 40 + 20 and server.raw)
        raws += server.stop()
        run.add(probing_clients(step * 40 + 20, 20))
        wait_for(lambda: len(run.told()) >= step * 40 + 40)
        time.sleep(0.3)
        server = Server("good", port=port)
    wait_for(lambda: len(set(ids([m for m in messages(raws + server.raw) if b" SUMMARY " not in m]))) >= len(run.told()))
    status = run.stop()
    raws += server.stop()
    want, got = run.told(), ids([m for m in messages(raws) if b" SUMMARY " not in m])
    check("away: every alert arrives, in order", got == want and len(want) >= 160 and status == 143 and "lost" not in run.said(),
          (len(got), len(want), status, run.said()))
    print(f"away         {len(got)} alerts over {len(raws)} connections")


def other_user():
    """The key is root's alone, and read before root is given up."""
    if os.geteuid() != 0:
        print("other user   not root here")
        return
    os.chmod(work, 0o755)
    os.chmod(work / "client.key", 0o600)
    server = Server("good", client_ca="ca")
    run = Run("user", "-o", f"syslog-json:tls://localhost:{server.port}", *CA, "--tls-cert", str(work / "client.pem"), "--tls-key",
              str(work / "client.key"), "--user", "nobody")
    run.log.chmod(0o644)
    run.add(probing_clients(0, 10))
    check("other user: told", wait_for(lambda: len(alert_ids(server)) >= 10), (run.said(), server.errors))
    owner = os.stat(f"/proc/{run.process.pid}").st_uid
    run.stop()
    check("other user: and it was another", owner != 0 and alert_ids(server) == run.told(), (owner, run.said()))
    server.stop()


try:
    configuration()
    the_right_one()
    the_wrong_ones()
    wrong_ones_first()
    away()
    other_user()
finally:
    shutil.rmtree(work, ignore_errors=True)
end()
