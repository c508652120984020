"""Sends a datagram every millisecond, or says when each arrives: arrivals.py send|hear ADDRESS PORT. Moments are monotonic, in ms."""
import socket, sys, time

what, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if what == "hear":
    wire.bind((address, port))
    print("up", flush=True)
    while wire.recv(64):
        print(time.monotonic_ns() / 1e6, flush=True)
else:
    print("up", flush=True)
    while True:
        try:
            wire.sendto(b"x", (address, port))
        except OSError:
            pass  # Refused by the other side for a moment: the next may be heard.
        time.sleep(0.001)
