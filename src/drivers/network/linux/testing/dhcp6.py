"""Asks for an address on DEVICE by DHCPv6 (RFC 8415), with rapid commit; prints what the server gave, or nothing.

dhcp6.py DEVICE TRIES

Waits until the device has a link-local address to ask from: it takes up to two seconds to see that nobody else has it.
"""
import errno
import os
import socket
import struct
import sys
import time

device, tries = sys.argv[1], int(sys.argv[2])


def option(code, value):
    return struct.pack("!HH", code, len(value)) + value


def options(data):
    while len(data) >= 4:
        code, length = struct.unpack("!HH", data[:4])
        yield code, data[4 : 4 + length]
        data = data[4 + length :]


sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
sock.bind(("::", 546))
sock.settimeout(1)
index = socket.if_nametoindex(device)


def sent(message):
    try:
        return sock.sendto(message, ("ff02::1:2", 547, 0, index))
    except OSError as error:
        if error.errno != errno.EADDRNOTAVAIL:
            raise
        return 0


for number in range(tries):
    identity = os.urandom(3)
    solicit = (
        b"\x01"
        + identity
        + option(1, struct.pack("!HH", 3, 1) + os.urandom(6))
        + option(3, struct.pack("!III", 1, 0, 0))
        + option(14, b"")
        + option(8, b"\0\0")
    )
    while not sent(solicit):
        time.sleep(0.05)
    try:
        answer, _ = sock.recvfrom(2048)
    except TimeoutError:
        continue
    if answer[0] != 7 or answer[1:4] != identity:
        continue
    for code, value in options(answer[4:]):
        for inner, address in options(value[12:]) if code == 3 else []:
            if inner == 5:
                print(socket.inet_ntop(socket.AF_INET6, address[:16]))
                sys.exit(0)
