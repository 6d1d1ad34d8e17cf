#!/usr/bin/env python3
"""The HTML report in a browser: html_browser.py BINARY SAMPLES DATA [--pictures DIR]

Pages of ordinary, hostile and very bad days go through html_browser.js: no error, no request, no script of a log, no
accessibility violation, nothing wider than a telephone. Needs Chromium, node and the packages playwright-core and axe-core
(NODE_PATH, or npm's global folder); without them the test is skipped (77). --pictures writes those of the documentation."""
import json, os, pathlib, shutil, subprocess, sys, tempfile

sys.dont_write_bytecode = True
import html_logs  # noqa: E402

binary, samples, data = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3]).resolve()
here = pathlib.Path(__file__).resolve().parent
OPTIONS = ["--no-config", "-qq", "--year", "2026", "--local-domain", "example.org,example.net", "--trusted", "192.0.2.0/24"]


def skip(what):
    print(f"skipped: {what}")
    sys.exit(77)


def environment():
    """Where node finds its packages; skips when one is missing."""
    node, chromium = shutil.which("node"), shutil.which("chromium") or shutil.which("chromium-browser")
    if not node or not chromium:
        skip("node or Chromium is not installed")
    paths = [os.environ.get("NODE_PATH", "")]
    if shutil.which("npm"):
        paths.append(subprocess.run(["npm", "root", "-g"], capture_output=True, text=True, timeout=60).stdout.strip())
    env = {**os.environ, "NODE_PATH": ":".join(p for p in paths if p), "CHROMIUM": chromium}
    for package in "playwright-core", "axe-core":
        if subprocess.run([node, "-e", f"require.resolve('{package}')"], env=env, capture_output=True).returncode != 0:
            skip(f"the npm package {package} is not installed")
    return node, env


def page(path, *logs, stdin=None, options=()):
    subprocess.run([binary, *OPTIONS, *map(str, options), "-o", f"html:{path}", *logs], input=stdin, check=True, timeout=120,
                   cwd=samples, stdin=subprocess.DEVNULL if stdin is None else None)


node, env = environment()
geo = ["--geoip-country", data / "geo-world.mmdb", "--geoip-asn", data / "geo-as.mmdb"]
with tempfile.TemporaryDirectory() as d:
    d = pathlib.Path(d)
    page(d / "relay-open.html", "relay-open.log", "relay-probed.log", options=geo)
    page(d / "backscatter.html", "backscatter.log")
    page(d / "hostile.html", "-", stdin=html_logs.hostile_day())
    page(d / "bad-day.html", "-", stdin=html_logs.bad_day(24).encode(), options=geo)
    page(d / "empty.html", "-", stdin=b"\n")
    work = {"pages": [str(d / f"{n}.html") for n in ("relay-open", "backscatter", "hostile", "bad-day", "empty")],
            "pictures": sys.argv[5] if len(sys.argv) > 5 and sys.argv[4] == "--pictures" else None}
    sys.exit(subprocess.run([node, here / "html_browser.js", json.dumps(work)], env=env).returncode)
