"""Sends frames that no honest guest sends: frames.py DEVICE, then on each line a JSON object {kind, ...}; says `sent` for each.
With `-` for a device it says the frame itself, in base64, and sends nothing.

Addresses and MACs come with the line: `mac`, `address`, `address6` are whose name the frame is in, `to`, `to6` whom it is for,
`claim`, `claim6` what it claims. The next hop is always the router.
"""
import base64, json, socket, struct, sys

ROUTER = "fe:ff:ff:ff:ff:ff"


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def v4(text):
    return socket.inet_aton(text)


def v6(text):
    return socket.inet_pton(socket.AF_INET6, text)


def total(data):
    if len(data) % 2:
        data += b"\0"
    value = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while value >> 16:
        value = (value & 0xFFFF) + (value >> 16)
    return ~value & 0xFFFF


def ethernet(f, kind, payload, to=None):
    return mac(to or f.get("mac_to", ROUTER)) + mac(f["mac"]) + struct.pack("!H", kind) + payload


def ip(f, protocol, payload, options=b"", fragment=0, source=None, to=None):
    words = 5 + len(options) // 4
    head = struct.pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(payload), 7, fragment, 64, protocol, 0)
    head += v4(source or f["address"]) + v4(to or f["to"]) + options
    return ethernet(f, 0x0800, head[:10] + struct.pack("!H", total(head)) + head[12:] + payload)


def udp(source, to, data=b"x" * 16):
    return struct.pack("!HHHH", source, to, 8 + len(data), 0) + data


def echo():
    head = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
    return head[:2] + struct.pack("!H", total(head)) + head[4:]


def arp(f, claim):
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + mac(f["mac"]) + v4(claim) + mac(ROUTER) + v4(claim)
    return ethernet(f, 0x0806, body, to="ff:ff:ff:ff:ff:ff")


def ip6(f, protocol, payload, source=None, to=None):
    head = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 255) + v6(source or f["address6"]) + v6(to or f["to6"])
    return ethernet(f, 0x86DD, head + payload)


def icmp6(f, kind, body, source=None, to=None):
    source, to = source or f["address6"], to or f["to6"]
    data = struct.pack("!BBH", kind, 0, 0) + body
    check = total(v6(source) + v6(to) + struct.pack("!II", len(data), 58) + data)
    return data[:2] + struct.pack("!H", check) + data[4:]


def message6(f, kind, body, source=None, to=None):
    return ip6(f, 58, icmp6(f, kind, body, source, to), source, to)


def header6(f, kind, content):
    """An extension header of 8 bytes before an echo request."""
    return ip6(f, kind, bytes([58, 0]) + content + icmp6(f, 128, struct.pack("!HH", 1, 1)))


def dhcp(f, chaddr):
    return struct.pack("!BBBBIHH", 1, 1, 6, 0, 9, 0, 0) + bytes(16) + mac(chaddr) + bytes(202) + b"\x63\x82\x53\x63\x35\x01\x01\xff"


def advert(f):
    return struct.pack("!I", 0xA0000000) + v6(f["claim6"]) + b"\x02\x01" + mac(f["mac"])


ALL = "ff02::1"
kinds = {
    "ip": lambda f: ip(f, 1, echo()),
    "udp": lambda f: ip(f, 17, udp(f.get("from_port", 999), f["port"])),
    "fragment": lambda f: ip(f, 17, b"y" * 64, fragment=0x2000 | 8),
    "last-fragment": lambda f: ip(f, 17, b"y" * 64, fragment=16),
    "source-route": lambda f: ip(f, 1, echo(), options=b"\x83\x07\x04" + v4(f["to"]) + b"\0"),
    "record-route": lambda f: ip(f, 1, echo(), options=b"\x07\x07\x04\0\0\0\0\0"),
    "router-alert": lambda f: ip(f, 1, echo(), options=b"\x94\x04\0\0"),
    "arp": lambda f: arp(f, f["claim"]),
    "vlan": lambda f: vlan(0x8100, ip(f, 1, echo())),
    "vlan-twice": lambda f: vlan(0x88A8, vlan(0x8100, ip(f, 1, echo()))),
    "ethertype": lambda f: ethernet(f, int(f["type"], 16), bytes(50)),
    "dhcp-answer": lambda f: ip(f, 17, udp(67, 68, bytes(240))),
    "dhcp-request": lambda f: ip(f, 17, udp(68, 67, dhcp(f, f["chaddr"])), source="0.0.0.0", to="255.255.255.255"),
    "ip6": lambda f: message6(f, 128, struct.pack("!HH", 1, 1)),
    "advertise-neighbour": lambda f: message6(f, 136, advert(f), to=f.get("to6", ALL)),
    "claim-by-probe": lambda f: message6(f, 135, bytes(4) + v6(f["claim6"]), source="::", to=ALL),
    "advertise-router": lambda f: message6(f, 134, bytes(12), to=ALL),
    "redirect": lambda f: message6(f, 137, bytes(4) + v6(f["claim6"]) + v6(f["to6"])),
    "dhcp6-answer": lambda f: ip6(f, 17, udp(547, 546, bytes(16))),
    "hop-by-hop": lambda f: header6(f, 0, b"\x01\x04\0\0\0\0"),
    "routing-header": lambda f: header6(f, 43, b"\x00\x00\0\0\0\0"),
    "destination-options": lambda f: header6(f, 60, b"\x01\x04\0\0\0\0"),
    "hidden-advertisement": lambda f: ip6(f, 44, struct.pack("!BBHI", 58, 0, 1, 7) + icmp6(f, 136, advert(f))[:16]),
}


def vlan(kind, frame):
    return frame[:12] + struct.pack("!HH", kind, 5) + frame[12:]


def sender(device):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    wire.bind((device, 0))

    def send(frame):
        wire.send(frame)
        return "sent"

    return send


def main(device):
    use = (lambda it: base64.b64encode(it).decode()) if device == "-" else sender(device)
    print("up", flush=True)
    for line in sys.stdin:
        frame = json.loads(line)
        print(use(kinds[frame["kind"]](frame)), flush=True)


main(sys.argv[1])
