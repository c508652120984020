"""One TCP connection: talk.py ADDRESS PORT. For each number on a line it sends that many bytes, and says whether they came back."""
import socket, sys

connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=2)
connection.settimeout(2)
print("up", flush=True)
for line in sys.stdin:
    wanted = b"x" * int(line)
    got = 0
    try:
        connection.sendall(wanted)
        while got < len(wanted) and (data := connection.recv(65536)):
            got += len(data)
    except OSError:
        pass
    print("same" if got == len(wanted) else "lost", flush=True)
