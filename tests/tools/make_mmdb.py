#!/usr/bin/env python3
"""Small MaxMind DB files for the tests: make_mmdb.py FOLDER

Written from the format specification 2.0: search tree of 24-bit records, 16 zero bytes, data, metadata. The addresses
are those for documentation, the facts are made up. Good files in the layouts of several publishers, and broken ones."""
import ipaddress, pathlib, struct, sys

RECORD_BITS, EPOCH = 24, 1772409600


class UInt32(int):
    pass


class Raw(bytes):
    """bytes that stand in the data section as they are: for broken files"""


def head(kind, size):
    first = [min(size, 29) | (kind << 5 if kind <= 7 else 0)] + ([kind - 7] if kind > 7 else [])
    return bytes(first) + (bytes([size - 29]) if size >= 29 else b"")


def encode(value):
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, str):
        return head(2, len(value.encode())) + value.encode()
    if isinstance(value, float):
        return head(3, 8) + struct.pack(">d", value)
    if isinstance(value, dict):
        return head(7, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())
    if isinstance(value, list):
        return head(11, len(value)) + b"".join(map(encode, value))
    kind, size = (6, 4) if isinstance(value, UInt32) else (9, 8) if value > 0xffff else (5, 2)
    digits = value.to_bytes(size, "big").lstrip(b"\0")
    return head(kind, len(digits)) + digits


def bits_of(network, version):
    n = ipaddress.ip_network(network)
    prefix = 96 if version == 6 and n.version == 4 else 0
    width = 32 if n.version == 4 else 128
    return "0" * prefix + f"{int(n.network_address):0{width}b}"[:n.prefixlen]


def database(rows, version=6, kind="Test"):
    """rows: network -> value; the networks must not overlap"""
    nodes, data = [[None, None]], b""
    for network, value in rows.items():
        path, at = bits_of(network, version), 0
        for bit in path[:-1]:
            if nodes[at][int(bit)] is None:
                nodes.append([None, None])
                nodes[at][int(bit)] = len(nodes) - 1
            at = nodes[at][int(bit)]
        nodes[at][int(path[-1])] = ("data", len(data))
        data += encode(value)
    count = len(nodes)

    def record(r):
        number = count if r is None else r if isinstance(r, int) else count + 16 + r[1]
        return number.to_bytes(RECORD_BITS // 8, "big")

    tree = b"".join(record(left) + record(right) for left, right in nodes)
    meta = {"binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": EPOCH,
            "database_type": kind, "description": {"en": "made for tests"}, "ip_version": version, "languages": ["en"],
            "node_count": UInt32(count), "record_size": RECORD_BITS}
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + encode(meta)


def city(country, name, continent, continent_name, town, lat, lon):
    return {"city": {"names": {"de": "?", "en": town}}, "continent": {"code": continent, "names": {"en": continent_name}},
            "country": {"iso_code": country, "names": {"en": name}}, "location": {"latitude": lat, "longitude": lon},
            "subdivisions": [{"iso_code": "X", "names": {"en": town + " Region"}}]}


BERLIN = city("DE", "Germany", "EU", "Europe", "Berlin", 52.52, 13.4)
POTSDAM = city("DE", "Germany", "EU", "Europe", "Potsdam", 52.4, 13.07)
HANOI = city("VN", "Viet Nam", "AS", "Asia", "Hanoi", 21.03, 105.85)
LIMA = city("PE", "Peru", "SA", "South America", "Lima", -12.05, -77.04)
CITIES = {"198.51.100.0/24": BERLIN, "203.0.113.0/25": HANOI, "203.0.113.128/25": LIMA, "2001:db8:1::/48": BERLIN,
          "2001:db8:2::/48": POTSDAM, "2001:db8:3::/48": HANOI, "2001:db8:4::/48": LIMA}
HOSTING = {"autonomous_system_number": UInt32(64496), "autonomous_system_organization": "Example Hosting B.V."}
# a /28 of the documentation networks for each, the ones listed first for the most
COUNTRIES = """VN Viet Nam|CN China|BR Brazil|RU Russia|US United States|IN India|DE Germany|NL The Netherlands|SG Singapore|ID Indonesia|FR France
TR Türkiye|UA Ukraine|NG Nigeria|ZA South Africa|KR South Korea|JP Japan|MX Mexico|AR Argentina|PE Peru|CL Chile|EG Egypt|IR Iran|TH Thailand
BG Bulgaria|RO Romania|PL Poland|CZ Czechia|IT Italy|ES Spain|GB United Kingdom|CA Canada|AU Australia|HK Hong Kong|KE Kenya|MA Morocco
LU Luxembourg|SC Seychelles|XK Kosovo|GI Gibraltar|ZZ Nowhere""".replace("\n", "|").split("|")


def world():
    rows, pieces = {}, [p for n in ("203.0.113.0/24", "198.51.100.0/24") for p in ipaddress.ip_network(n).subnets(new_prefix=28)]
    pieces += ipaddress.ip_network("198.18.0.0/15").subnets(new_prefix=24)
    for i, piece in enumerate(pieces):
        code, name = COUNTRIES[min(i * 7919 % 41, i * 104729 % 41)].split(" ", 1)
        rows[str(piece)] = {"country": {"iso_code": code, "names": {"en": name}}}
    return rows


FILES = {
    "geo-world.mmdb": database(world(), kind="GeoLite2-Country"),
    "geo-city.mmdb": database(CITIES, kind="GeoLite2-City"),
    "geo-as.mmdb": database({"203.0.113.0/24": HOSTING, "2001:db8::/32": HOSTING}, kind="GeoLite2-ASN"),
    # ip-location-db: flat, IPv4 only
    "geo-country-v4.mmdb": database({"198.51.100.0/24": {"country_code": "NL"}}, version=4, kind="country ipv4"),
    # IPinfo: flat, the country is a name, the number of the AS a text
    "geo-flat.mmdb": database({"203.0.113.0/24": {"country": "Canada", "country_code": "CA", "continent": "North America",
                                                  "continent_code": "NA", "asn": "AS64511", "as_name": "Example ISP"}}),
    # facts that cannot be: a code that is none, a place off the globe, a text where a number belongs
    "geo-odd.mmdb": database({"203.0.113.0/24": {"country": {"iso_code": "\x1b["}, "asn": "ASXY", "city": 7,
                                                 "location": {"latitude": 91.0, "longitude": 0.0}}}),
    # opens, and the entry is no data: a map that claims more than there is
    "geo-bad-entry.mmdb": database({"203.0.113.0/24": Raw(b"\xe5\x47country\xff\xff\xff\xff")}),
    "geo-torn.mmdb": database(CITIES)[:200],
    "geo-text.mmdb": b"this is no database\n",
}

if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
