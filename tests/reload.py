#!/usr/bin/env python3
"""SIGHUP, --user and --sandbox of a run that follows a log: reload.py BINARY

Outputs are opened again, allow lists are read again, a wrong configuration changes nothing, what needs a restart is named;
all of it in the sandbox where the kernel has one."""
import os, pathlib, pwd, shutil, signal, subprocess, sys, tempfile, time

binary = os.path.abspath(sys.argv[1])
work = pathlib.Path(tempfile.mkdtemp(prefix="reload-"))
failures = []


def check(what, good, detail=""):
    if not good:
        failures.append(what)
        print(f"FAIL {what} {str(detail)[:600]}", flush=True)


def wait_for(test, timeout=20):
    end = time.time() + timeout
    while time.time() < end:
        if test():
            return True
        time.sleep(0.05)
    return False


def probes(ip, minute):
    return "".join(f"2026-03-02T00:{minute:02}:{i:02}+00:00 mx postfix/smtpd[2000]: NOQUEUE: reject: RCPT from unknown[{ip}]: 554 5.7.1 <v{i}@far{minute}.example>: "
                   f"Relay access denied; from=<s@x.example> to=<v{i}@far{minute}.example> proto=ESMTP helo=<x>\n" for i in range(12))


def text(path):
    return path.read_text() if path.exists() else ""


def start(*options):
    command = [binary, "-c", str(conf), "-q", "--memory", "32M", "-F", *options, str(log)]
    return subprocess.Popen(command, stderr=open(errors, "ab"))


conf, log, allow, errors = work / "conf", work / "mail.log", work / "allow", work / "stderr"
blocks, out = work / "blocks", work / "out.json"
conf.write_text(f"local-domain = example.org\nblock-allow = @{allow}\nblock-severity = info\noutput = plain:{blocks}\noutput = json:{out}\n")
allow.write_text("192.0.2.0/24\n")
log.write_text(probes("198.51.100.7", 0) + probes("203.0.113.9", 1) + probes("203.0.113.200", 40))
try:
    run = start()
    check("a block list is made", wait_for(lambda: (run.send_signal(signal.SIGUSR1) if out.exists() else None, "198.51.100.7" in text(blocks))[1]), text(errors))
    check("... with both", "203.0.113.9" in text(blocks), text(blocks))

    def again():
        out.rename(work / "out.old") if out.exists() else None
        run.send_signal(signal.SIGHUP)
        check("the output is made anew", wait_for(out.exists), text(errors))
        run.send_signal(signal.SIGUSR1)
        check("... and written to", wait_for(lambda: text(out).endswith("\n")), text(errors))

    allow.write_text("192.0.2.0/24\n198.51.100.7\n")
    again()
    check("who is allowed now is not in the list", wait_for(lambda: "198.51.100.7" not in [l.split("#")[0].split("/")[0].strip() for l in text(blocks).splitlines()]), text(blocks))
    check("... others still are", "203.0.113.9" in text(blocks))
    allow.write_text("nonsense\n")
    again()
    check("a wrong file is told and changes nothing", wait_for(lambda: "stays as it was" in text(errors)) and "203.0.113.9" in text(blocks), text(errors))
    allow.write_text("")
    conf.write_text(conf.read_text().replace("example.org", "example.net"))
    again()
    check("what needs a restart is named", wait_for(lambda: "local-domain is another now" in text(errors)), text(errors))
    check("nobody is allowed any more", wait_for(lambda: "198.51.100.7" in text(blocks)), text(blocks))
    run.send_signal(signal.SIGTERM)
    check("it ends as asked", run.wait(timeout=20) == 143)

    if os.geteuid() == 0:
        os.chmod(work, 0o755)
        (work / "mine").mkdir()
        who = pwd.getpwnam("nobody")
        os.chown(work / "mine", who.pw_uid, who.pw_gid)
        conf.write_text("local-domain = example.org\n")
        made = work / "mine/out.json"
        run = start("--user", "nobody", "-o", f"json:{made}", "--state", str(work / "mine/state"), "--state-every", "1")
        check("another user runs", wait_for(lambda: made.exists() and made.stat().st_size > 0), text(errors))
        status = pathlib.Path(f"/proc/{run.pid}/status").read_text()
        check("... in all ways", f"Uid:\t{who.pw_uid}\t{who.pw_uid}\t{who.pw_uid}\t{who.pw_uid}\n" in status and "NoNewPrivs:\t1" in status, status)
        made.rename(work / "mine/old")
        run.send_signal(signal.SIGHUP)
        check("... and opens outputs again", wait_for(made.exists) and made.stat().st_uid == who.pw_uid, text(errors))
        run.send_signal(signal.SIGTERM)
        check("... and writes the state", run.wait(timeout=20) == 143 and (work / "mine/state").exists(), text(errors))
        bad = subprocess.run([binary, "--no-config", "--user", "no-such-user", "-o", "json:/dev/null", str(log)], capture_output=True, text=True)
        check("no such user is 78", bad.returncode == 78 and "no-such-user" in bad.stderr, bad)
finally:
    shutil.rmtree(work, ignore_errors=True)
print(f"{len(failures)} failures" if failures else "all good")
sys.exit(bool(failures))
