#!/usr/bin/env python3
"""The block list of a day in a real Postfix: blocked_client.py BINARY DAY.log

relaywatch reads the day and writes postfix-cidr and postscreen lists. A Postfix of our own, in a network namespace of its
own, takes them as check_client_access and postscreen_access_list; clients connect from the addresses themselves, which
the loopback device is given. Who is listed must be refused with the reason, everybody else must get mail through, with the
list and again when it is renewed and Postfix told (postfix reload). Then the log of that Postfix is read: the refusals are no new attack.
Needs root, Postfix and iproute2; 77 = skipped."""
import ipaddress, json, os, pathlib, re, shutil, smtplib, subprocess, sys, tempfile, time

SKIP, DAEMONS = 77, "/usr/lib/postfix/sbin"
MX, SCREENED, HOST = ("192.0.2.1", 25), ("192.0.2.1", 2525), "mx1.example.org"
STRANGERS = ["198.18.250.1", "2001:db8:fe::1"]  # not in any day
binary, day = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
os.environ["PATH"] += ":/usr/sbin:/sbin"
failures, checks = [], 0


def skip(why):
    print("skipped: " + why)
    sys.exit(SKIP)


def check(what, ok, seen=""):
    global checks
    checks += 1
    if not ok:
        failures.append(what)
    print(f"{'ok' if ok else 'not ok'} - {what}" + ("" if ok else f": {str(seen)[:600]}"))


def enter_namespace():
    """Once more, in a network namespace where only we are."""
    if os.geteuid() != 0 or not shutil.which("postfix") or not os.path.exists(DAEMONS + "/smtpd") or not shutil.which("ip"):
        skip("needs root, Postfix and iproute2")
    if os.environ.get("RW_NAMESPACE") == "1":
        return
    if not shutil.which("unshare") or subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode != 0:
        skip("no network namespace to be had (unshare -n)")
    os.execvpe("unshare", ["unshare", "-n", sys.executable, *sys.argv], {**os.environ, "RW_NAMESPACE": "1"})


def relaywatch(log, *outputs):
    done = subprocess.run([binary, "--no-config", "-qq", "--year", "2026", "--local-domain", "example.org,example.net", "--trusted",
                           "127.0.0.0/8,192.0.2.0/24", *outputs, str(log)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    check(f"relaywatch reads {os.path.basename(log)}", done.returncode == 0, done.stderr)
    return done.stdout


def entries(path):
    return [ipaddress.ip_network(line.split()[0]) for line in path.read_text().splitlines() if line and not line.startswith("#")]


def listed_by(networks, address):
    return any(ipaddress.ip_address(address) in n for n in networks)


def give_address(address):
    family = ["-6"] if ":" in address else []
    subprocess.run(["ip", *family, "addr", "add", f"{address}/{128 if family else 32}", "dev", "lo", *(["nodad"] if family else [])], check=True)


MAIN_CF = """compatibility_level = 3.6
myhostname = {host}
mydestination =
virtual_mailbox_domains = example.org
virtual_transport = discard:
default_transport = error:no mail leaves here
mynetworks = 192.0.2.1/32
smtpd_client_restrictions = check_client_access cidr:{d}/client.cidr
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_peername_lookup = no
smtpd_delay_reject = yes
inet_interfaces = all
inet_protocols = all
queue_directory = {d}/spool
data_directory = {d}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
maillog_file_prefixes = {d}
maillog_file = {d}/mail.log
alias_maps =
postscreen_access_list = cidr:{d}/screen.cidr
postscreen_denylist_action = enforce
postscreen_greet_wait = 1s
postscreen_cache_map = btree:{d}/data/screen
"""
MASTER_CF = """25 inet n - n - - smtpd
2525 inet n - n - 1 postscreen
smtpd pass - - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
proxymap unix - - n - - proxymap
dnsblog unix - - n - 0 dnsblog
tlsproxy unix - - n - 0 tlsproxy
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
verify unix - - n - 1 verify
postlog unix-dgram n - n - 1 postlogd
"""


def start_postfix(d):
    etc = d / "etc"
    for folder in (etc, d / "spool", d / "data"):
        folder.mkdir()
    shutil.chown(d / "data", "postfix")
    for name in ("postfix-files", "postfix-files.d", "dynamicmaps.cf", "dynamicmaps.cf.d"):
        path = pathlib.Path("/etc/postfix", name)
        if path.exists():
            (shutil.copytree if path.is_dir() else shutil.copy)(path, etc / name)
    (etc / "main.cf").write_text(MAIN_CF.format(d=d, host=HOST, daemons=DAEMONS))
    (etc / "master.cf").write_text(MASTER_CF)
    done = subprocess.run(["postfix", "-c", str(etc), "start"], capture_output=True, text=True)
    if done.returncode != 0:
        skip("Postfix does not start here: " + done.stderr[-300:])


def session(address, server):
    """(code, text) of the first refusal, or of the queued message."""
    at = (server[0] if "." in address else "2001:db8:ff::1", server[1])
    for attempt in range(20):  # until master listens
        try:
            client = smtplib.SMTP(at[0], at[1], local_hostname="client.example", timeout=20, source_address=(address, 0))
            break
        except ConnectionRefusedError:
            time.sleep(.25)
        except smtplib.SMTPConnectError as error:
            return error.smtp_code, error.smtp_error.decode()
    else:
        return 0, "nobody listens"
    try:
        for name, text in (("ehlo", "client.example"), ("mail", "a@example.com"), ("rcpt", "b@example.org"), ("data", "Subject: x\r\n\r\nx\r\n")):
            code, answer = getattr(client, name)(text)
            if code >= 400:
                return code, answer.decode()
        return code, answer.decode()
    except smtplib.SMTPException as error:
        return getattr(error, "smtp_code", 0), str(error)
    finally:
        client.close()


def reason_of(path, address):
    """What the list says to a client."""
    for line in path.read_text().splitlines():
        if line and not line.startswith("#") and ipaddress.ip_address(address) in ipaddress.ip_network(line.split()[0]):
            return line.split(" REJECT ")[1]
    return ""


def play(d, clients, strangers, networks):
    for address in clients:
        code, text = session(address, MX)
        check(f"{address} is refused with the reason of the list", code == 554 and reason_of(d / "client.cidr", address).split(" ", 1)[1] in text, (code, text))
        code, text = session(address, SCREENED)
        check(f"{address} is refused by postscreen", code in (521, 550), (code, text))
    for address in strangers:
        check(f"{address} is not listed", not listed_by(networks, address))
        for server in MX, SCREENED:
            code, text = session(address, server)
            check(f"mail of {address} is taken on port {server[1]}", code == 250 and "queued as" in text, (code, text))


def main(d):
    relaywatch(day, "-o", f"postfix-cidr:{d}/client.cidr", "-o", f"postscreen:{d}/screen.cidr")
    networks = entries(d / "client.cidr")
    check("the day lists somebody, and both lists the same", networks and networks == entries(d / "screen.cidr"), networks)
    clients = [str(n[0] if n.version == 4 else n[7]) for n in networks[:6]]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    try:
        for address in (MX[0], "2001:db8:ff::1", *clients, *STRANGERS):
            give_address(address)
    except subprocess.CalledProcessError:
        skip("the loopback device takes no address")
    d.chmod(0o755)
    for name in ("client.cidr", "screen.cidr"):
        (d / name).chmod(0o644)
    start_postfix(d)
    try:
        play(d, clients, STRANGERS, networks)
        kept, given_up = clients[1:], clients[:1]
        relaywatch(day, "--block-allow", str(networks[0]), "-o", f"postfix-cidr:{d}/client.cidr", "-o", f"postscreen:{d}/screen.cidr")
        subprocess.run(["postfix", "-c", str(d / "etc"), "reload"], check=True, capture_output=True)
        time.sleep(1)
        play(d, kept, given_up + STRANGERS[:1], entries(d / "client.cidr"))
        time.sleep(1)
    finally:
        subprocess.run(["postfix", "-c", str(d / "etc"), "stop"], capture_output=True)
    log = (d / "mail.log").read_text()
    check("Postfix found nothing wrong with the lists", not re.search(r"(cidr|client|screen)\S* .*(skipping|bad|unsupported)|fatal|panic", log),
          re.findall(r".*(?:skipping|fatal|panic).*", log)[:3])
    check("Postfix logged the refusals", log.count("Client host rejected: Blocked for abuse") >= len(clients), log[-600:])
    rules = [json.loads(line).get("rule", {}).get("id") for line in relaywatch(d / "mail.log", "-o", "json").splitlines()]
    check("which relaywatch does not take for relaying", rules and not [r for r in rules if r and r.startswith("RW-RELAY")], rules)


enter_namespace()
with tempfile.TemporaryDirectory(prefix="rw-blocked-") as folder:
    main(pathlib.Path(folder))
print(f"{checks} checks, {len(failures)} failed")
sys.exit(bool(failures))
