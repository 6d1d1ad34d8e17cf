#!/usr/bin/env python3
"""Several logs of one Exchange server in one run: exchange_logs.py BINARY SAMPLES

Receive, send and tracking log tell the same messages. Whichever of them are read, in whatever order and cut into
whatever files, each message, recipient and refusal counts once."""
import itertools, json, pathlib, subprocess, sys, tempfile

binary, samples = str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2], "exchange_protocol").resolve()
OPTIONS = ["--no-config", "-qq", "--hash-key", "00112233445566778899aabbccddeeff", "--local-domain", "example.org",
           "--trusted", "192.0.2.0/24", "-o", "json"]
TRACKING = ("date-time,client-ip,client-hostname,server-ip,server-hostname,source-context,connector-id,source,event-id,"
            "internal-message-id,message-id,network-message-id,recipient-address,recipient-status,total-bytes,"
            "recipient-count,related-recipient-address,reference,message-subject,sender-address,return-path,message-info,"
            "directionality,tenant-id,original-client-ip,original-server-ip,custom-data,transport-traffic-type,log-id,"
            "schema-version").split(",")
failures, checks = [], 0


def check(what, got, want):
    global checks
    checks += 1
    if got != want:
        failures.append(what)
        print(f"not ok - {what}: {got!r}, want {want!r}")


def summary(*logs, options=OPTIONS):
    out = subprocess.run([binary, *options, *map(str, logs)], capture_output=True, check=True, timeout=60,
                         stdin=subprocess.DEVNULL).stdout
    return json.loads(out.splitlines()[-1])["relaywatch"]


def essence(*logs):
    s = summary(*logs)
    relay = s["verdict"]["relay"]
    clients = sorted((c["key"], c["messages"], c["recipients"]) for c in s["top"]["clients"])
    return relay["state"], relay["count"], [(p["value"], p["count"]) for p in relay["by"]], clients


def by_header(text):
    """The parts of a file, each with its own header."""
    parts = [[]]
    for line in text.splitlines(keepends=True):
        if line.startswith("#Software") and parts[-1]:
            parts.append([])
        parts[-1].append(line)
    return ["".join(p) for p in parts]


def cells(text):
    return [line.split(",", 8) for line in text.splitlines() if not line.startswith("#")]


def tracking_of(receive, send):
    """What the tracking log of the same server says: RECEIVE with all recipients, SEND for each that was taken."""
    rows, rcpts, sender, number = [], {}, {}, {}

    def row(time, **values):
        rows.append(",".join({"date-time": time, "schema-version": "15.00.1497.000", **values}.get(c, "") for c in TRACKING))

    def message(m, name):
        return {"internal-message-id": m, "message-id": name, "network-message-id": f"cc15cffe-04b1-b3f7-2e0f-{int(m) % 2**48:012x}",
                "sender-address": sender[m], "return-path": sender[m], "directionality": "Incoming"}

    open_rcpts, open_sender = {}, {}
    for time, _, session, _, _, remote, sign, data, _ in cells(receive):
        if sign == "<" and data.startswith("MAIL"):
            open_sender[session], open_rcpts[session] = data.split("<")[1].split(">")[0], []
        elif sign == "<" and data.startswith("RCPT"):
            open_rcpts[session].append(data.split("<")[1].split(">")[0])
        elif sign == ">" and "InternalId=" in "".join((data, _)):
            name, m = data.split()[2], data.split("InternalId=")[1].split(",")[0]
            sender[m], rcpts[m] = open_sender[session], open_rcpts[session]
            row(time, **message(m, name), **{"client-ip": remote.split(":")[0], "server-hostname": "EX1", "source": "SMTP",
                "event-id": "RECEIVE", "recipient-address": ";".join(rcpts[m]), "recipient-count": str(len(rcpts[m])),
                "total-bytes": "9311", "message-info": "0cA: "})
    for time, _, session, _, _, remote, sign, data, context in cells(send):
        if "RecordId" in context:
            number[session] = context.split()[4], context.split()[7]
        elif sign == ">" and data.startswith("RCPT"):
            open_rcpts[session] = data.split("<")[1].split(">")[0]
        elif sign == "<" and "queued as" in data:
            m, name = number[session]
            row(time, **message(m, name), **{"client-hostname": "EX1", "server-ip": remote.split(":")[0], "source": "SMTP",
                "event-id": "SEND", "recipient-address": open_rcpts[session], "recipient-status": "250 2.1.5 Ok",
                "recipient-count": "1", "total-bytes": "9500", "connector-id": "Internet"})
    return ("#Software: Microsoft Exchange Server\n#Version: 15.00.1497.000\n#Log-type: Message Tracking Log\n"
            f"#Date: 2026-03-02T01:00:00.000Z\n#Fields: {','.join(TRACKING)}\n" + "\n".join(rows) + "\n")


with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)

    def write(name, text):
        (d / name).write_text(text)
        return d / name

    whole = samples / "relay-open-2013.log"
    want = essence(whole)
    receive, send = by_header(whole.read_text())
    logs = [write("RECV.LOG", receive), write("SEND.LOG", send), write("MSGTRK.LOG", tracking_of(receive, send))]
    check("the sample relays", want[0], "yes")
    check("the tracking log alone says the same", essence(logs[2]), want)
    for order in itertools.permutations(logs):
        check("logs " + ", ".join(p.name for p in order), essence(*order), want)
    for two in itertools.permutations(logs, 2):
        if logs[1] in two or logs[2] in two:
            check("logs " + ", ".join(p.name for p in two), essence(*two), want)
    check("the receive log alone shows what was accepted", essence(logs[0])[0], "exposed")
    header, rows = receive.splitlines(keepends=True)[:5], receive.splitlines(keepends=True)[5:]
    hours = [write(f"RECV{n}.LOG", "".join(header + rows[at:at + 13])) for n, at in enumerate(range(0, len(rows), 13))]
    check("sessions cut into files", essence(*hours, logs[1]), want)
    check("no session is lost", summary(*hours, logs[1])["verdict"], summary(whole)["verdict"])

    front = samples / "front-end-2016.log"
    parts = [write(f"FRONT{n}.LOG", part) for n, part in enumerate(by_header(front.read_text()))]
    check("a front end, its hop and the server behind it, in one file or each in its own", essence(*parts), essence(front))
    for part in parts:
        check(f"each of them alone accuses nobody ({part.name})", essence(part)[0], "no")

for log in sorted(samples.parent.rglob("*.log")):  # records of several lines, also the last one
    told = summary(log)["input"]
    check(f"fates of the lines of {log.name}", sum(told[f] for f in ("parsed", "skipped", "rejected", "foreign")), told["lines"])

print(f"{checks} checks, {len(failures)} failed")
sys.exit(1 if failures else 0)
