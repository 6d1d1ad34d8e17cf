"""Which days are simulated for a seed, and what each is for."""

SMALL, MEDIUM, LARGE, TINY = 200, 5000, 100000, 40
ZONES = ["--local-domain", "example.org", "--relay-domain", "branch.example", "--trusted", "192.0.2.0/24"]
TUNING, TEST = range(1, 11), range(11, 41)
FORMS = ["plain", "percent", "percent_bare", "bang", "quoted", "double_at", "source_route", "imcea"]
PLAIN_FORMS = {"plain", "source_route"}
RESULTS = ["refused", "delivered", "bounced_there", "deferred", "bounced_here"]


def set_of(seed):
    """Set A is there to tune on, B to report on."""
    return "A" if seed in TUNING else "B"


def day(seed, name, users, attacks, days=1, **more):
    """One run of the generator through relaywatch."""
    return {"seed": seed, "set": set_of(seed), "name": name, "users": users, "days": days, "attacks": attacks,
            "precise": True, "memory": None, "shuffle": 0, "lose": 0, "double": 0, **more}


def mixed(seed, users, days):
    """Attacks that are judged one by one, many in a day; the last day is theirs."""
    k = 4 if users >= MEDIUM else 1
    d, level = days - 1, seed % 3
    turn = lambda i: (seed + i) % 3  # noqa: E731  levels go round with the seeds
    return [f"account:style={s},count={k},day={d}" for s in ("burst", "steady", "slow", "botnet")] + [
        f"account:style=guest,day={d},level={turn(0)}", f"account:style=stuffed,count={k // 2 or 1},day={d}",
        f"account:style={('burst', 'steady', 'botnet')[level]},count={k // 2 or 1},day={d},evasion=1",
        f"host:style=random,day={d},level={turn(0)}", f"host:style=steady,day={d},level={turn(1)}",
        f"host:style=domains,day={d},level={turn(2)}", f"host:style=random,day={d},evasion=1,level={turn(1)}",
    ] + [f"harvest:style={s},count={2 * k},day={d},level={(level + 1) % 3}" for s in ("fast", "medium", "slow")] + [
        f"harvest:style={('fast', 'medium', 'slow')[level]},count={k},day={d},evasion=1",
        f"guess:style=fast,count={k},day={d}", f"guess:style=slow,count={k},day={d}", f"guess:style=spray,count={k},day={d}",
        f"guess:style=slow,count={k},day={d},evasion=1", f"guess:style=target,day={d},evasion={seed // 2 % 2}",
        f"probe:style=nmap,count=2,day={d}", f"probe:style=slow,count=2,day={d},evasion={seed // 2 % 2}",
        f"probe:style=network,day={d}", f"probe:style=target,day={d}",
        f"spoof:style=board,count=2,day={d},level={turn(1)}", f"spoof:style=many,count=2,day={d},level={turn(2)}",
        f"spoof:style=many,count=1,day={d},evasion=1",
        f"protocol:style=smuggle,count=2,day={d},level={turn(0)}", f"protocol:style=pipeline,count=2,day={d}",
        f"protocol:style=pregreet,count=2,day={d}"]


def sites(seed):
    """Attacks that move the whole site, two or three of different kinds in a day."""
    return [
        ["rndr:style=single,x=10,hour=9", "joejob:style=steady,x=10,hour=9"],
        ["rndr:style=single,x=50,hour=9", "joejob:style=steady,x=50,hour=9"],
        ["rndr:style=many,x=10,hour=10,evasion=1", "joejob:style=ramp,x=50,hour=10", "listed:style=quoted,count=1,hour=9"],
        ["rndr:style=many,x=50,hour=13", "joejob:style=bomb,x=50,hour=13", "listed:style=named,count=3,hour=9"],
        [f"backlog:x={50 if seed % 2 else 10},hour=9,level=2", "harvest:style=distributed,hour=9"],
        ["guess:style=distributed,x=10,hour=7", "listed:style=named,count=10,hour=9",
         "harvest:style=distributed,hour=8,minutes=600"],
    ]


def matrix(seed):
    """One cell of the relay verdict each: address form and what came of it."""
    for form in FORMS:
        for result in RESULTS:
            if form in PLAIN_FORMS and result == "bounced_here":
                continue
            yield day(seed, f"matrix {form} {result}", TINY, [f"relay:style={form},result={result},level={seed % 3}"],
                      precise=False)
    yield day(seed, "matrix none", TINY, [], precise=False)


def of_seed(seed):
    """All runs of a seed."""
    size = MEDIUM if seed % 2 == 0 else SMALL
    yield day(seed, "mixed medium", MEDIUM, mixed(seed, MEDIUM, 2), days=2)
    yield day(seed, "mixed small", SMALL, mixed(seed, SMALL, 1))
    for i, attacks in enumerate(sites(seed)):
        yield day(seed, f"site {i}", MEDIUM if (seed + i) % 2 == 0 else SMALL, attacks)
    yield day(seed, "quiet", size, [], days=6, precise=False)
    yield from matrix(seed)
    yield from robust(seed)


def robust(seed):
    """The same small day as it was written, shuffled, and damaged; a flood beside slow harvesters, and without."""
    attacks = mixed(seed, SMALL, 1) + [f"relay:style={FORMS[seed % 8]},result={RESULTS[seed % 3]}", "rndr:style=single,x=50"]
    for name, more in (("in order", {}), ("shuffled", {"shuffle": 120}), ("damaged", {"shuffle": 120, "lose": .01, "double": .01})):
        yield day(seed, f"robust {name}", SMALL, attacks, precise=False, **more)
    slow = ["harvest:style=medium,count=50,hour=8"]
    for name, attack in (("alone", []), ("once", ["flood:style=once,x=312,minutes=60,hour=8"]),
                         ("twice", ["flood:style=twice,x=312,minutes=60,hour=8"])):
        yield day(seed, f"flood {name}", SMALL, slow + attack, precise=False, memory="16M")


def small(seed):
    """Days for the test suite: seconds."""
    return [day(seed, "mixed small", SMALL, mixed(seed, SMALL, 1)),
            day(seed, "site 0", SMALL, ["rndr:style=single,x=50,hour=9", "joejob:style=steady,x=50,hour=9"]),
            day(seed, "site 1", SMALL, ["rndr:style=many,x=50,hour=13", "harvest:style=distributed,hour=9"]),
            day(seed, "quiet", SMALL, [], days=2, precise=False),
            *(d for d in matrix(seed) if d["name"].split()[-1] in ("delivered", "none", "bounced_here"))]


def large():
    """A quiet day of a large site."""
    return {**day(1001, "large quiet", LARGE, [], precise=False), "set": "A"}
