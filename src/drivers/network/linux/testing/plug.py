"""Stands for a virtual machine's NIC: carries frames between a tap in one network namespace and one in another.

plug.py ROUTER-NAMESPACE TAP GUEST-NAMESPACE DEVICE MAC

A tap without offloads has complete checksums and no oversized segments, so what the guest's side sends is what a
real NIC would put on the wire. Says `up` when frames pass; ends with its standard input.
"""
import ctypes, fcntl, os, select, struct, subprocess, sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def enter(namespace):
    with open(f"/run/netns/{namespace}") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {namespace}")


def open_tap(namespace, name):
    enter(namespace)
    tap = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def main(router, tap, guest, device, mac):
    ends = [open_tap(router, tap), open_tap(guest, device)]
    subprocess.run(["ip", "link", "set", device, "mtu", "9216", "address", mac, "up"], check=True)
    print("up", flush=True)
    while True:
        ready, _, _ = select.select([*ends, sys.stdin], [], [])
        if sys.stdin in ready:
            return
        for source in ready:
            target = ends[1] if source == ends[0] else ends[0]
            try:
                os.write(target, os.read(source, 65536))
            except OSError as error:  # One end is down, or gone: the frame is lost, as on a wire.
                if error.errno not in (5, 77):
                    raise


main(*sys.argv[1:])
