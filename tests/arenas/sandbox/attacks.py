"""Programs that try to get out of the sandbox, and a script that lets them try, as whoever runs it or as nobody.

    python tests/arenas/sandbox/attacks.py TIER [--nobody]

prints a JSON object: the tier and, by attack, "" or what got out. Every program defines ``attack()``, which returns
something true where it got what it wanted; what it did outside is looked for outside.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from lanista.arenas.sandbox import FULL, Call, Limits, Result, Results, Sandbox, syscalls, worker
from lanista.errors import LanistaError

SECRET = "open-sesame-1001"
COLUMN = 0 if platform.machine() == "x86_64" else 1
KNOWN = {**syscalls.KILL, **syscalls.ALLOW, **syscalls.RULED, **syscalls.FILES, **syscalls.PROCESSES}
KNOWN |= syscalls.NAMES
KNOWN |= {"kill": (62, 129), "tgkill": (234, 131), "prctl": (157, 167), "setpriority": (141, 140), "mlock": (149, 228)}
KNOWN |= {"memfd_create": (319, 279), "pidfd_open": (434, 434), "socketpair": (53, 199), "link": (86, -1)}
KNOWN |= {"mq_open": (240, 180), "inotify_init1": (294, 26), "sched_setaffinity": (203, 122), "socket": (41, 198)}

HEAD = f"""
import ctypes, os, sys, mmap, signal
NUMBERS = { {name: numbers[COLUMN] for name, numbers in KNOWN.items()} }
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    "What a system call gives: whether it succeeded."
    number = NUMBERS[name] if isinstance(name, str) else name
    assert number >= 0
    return libc.syscall(ctypes.c_long(number), *args) >= 0
"""

# By name, a body of attack(); PARENT, VICTIM, SECRET_FILE, MARK are replaced by what is real outside.
BODIES: dict[str, str] = {
    "read a file": "return open('SECRET_FILE').read()",
    "read a file by a relative path": "return open('../' * 20 + 'SECRET_FILE').read()",
    "read a file over /proc": "return open('/proc/1/' + 'root' + 'SECRET_FILE').read()",
    "read the password file": "return open('/etc/passwd').read()",
    "list the root": "return os.listdir('/')",
    "list home folders": "return os.listdir('/root') + os.listdir('/home')",
    "list what is installed": "\n    import importlib.metadata, sysconfig\n    found = []\n"
    "    for name in ('purelib', 'stdlib'):\n        sys.path.append(sysconfig.get_path(name))\n"
    "        for at in (sysconfig.get_path(name), sysconfig.get_path('stdlib') + '/site-packages'):\n"
    "            try: found += os.listdir(at)\n            except OSError: pass\n"
    "    return found + [str(d) for d in importlib.metadata.distributions()]",
    "the host's name": "\n    import platform, socket\n    room = ctypes.create_string_buffer(6 * 65)\n"
    "    libc.uname(room)\n    told = [os.uname().nodename, platform.node(), socket.gethostname(), room.raw[65:130]]\n"
    "    return 'HOST_NAME' in str(told) and told",
    "read the parent's environment": "return open('/proc/PARENT/environ').read()",
    "read any environment": "return [open(f'/proc/{p}/environ').read() for p in os.listdir('/proc') if p.isdigit()]",
    "read the own environment": "return [v for v in os.environ.values() if 'open-sesame' in v]",
    "read the own memory map": "return open('/proc/self/maps').read()",
    "read a device": "return open('/dev/mem', 'rb').read(1)",
    "walk up with openat": "return os.open('..', os.O_RDONLY | os.O_DIRECTORY)",
    "write a file": "open('MARK', 'w').write('x'); return 1",
    "create with os.open": "return os.open('MARK', os.O_CREAT | os.O_WRONLY)",
    "create a nameless file": "return os.open('/tmp', os.O_TMPFILE | os.O_RDWR) + 1",
    "write into shared memory": "open('/dev/shm/sandbox-mark', 'w'); return 1",
    "write into the library": "open(os.__file__, 'a'); return 1",
    "make a folder": "os.mkdir('MARK'); return 1",
    "make a link": "os.symlink('/etc', 'MARK'); return 1",
    "make a fifo": "os.mkfifo('MARK'); return 1",
    "remove a file": "os.remove('SECRET_FILE'); return 1",
    "rename a file": "os.rename('SECRET_FILE', 'MARK'); return 1",
    "change a mode": "os.chmod('SECRET_FILE', 0o777); return 1",
    "change the folder": "os.chdir('/tmp'); return 1",
    "inet socket": "import socket; return socket.create_connection(('127.0.0.1', 22), 1) and 1",
    "udp socket": "import socket; return socket.socket(type=socket.SOCK_DGRAM).fileno()",
    "unix socket": "import socket; s = socket.socket(socket.AF_UNIX); s.connect('\\0' + 'x'); return 1",
    "socket pair": "import socket; return [s.fileno() for s in socket.socketpair()]",
    "netlink socket": "return call('socket', 16, 3, 0)",
    "fork": "return os.fork() + 1",
    "fork bomb": "\n    while 1: os.fork()",
    "vfork by number": "return NUMBERS['vfork'] >= 0 and call('vfork')",
    "clone3": "return call('clone3', (ctypes.c_uint64 * 11)(), 88)",
    "thread": "import _thread; _thread.start_new_thread(print, ()); return 1",
    "thread bomb": "import threading\n    while 1: threading.Thread(target=signal.pause).start()",
    "subprocess": "import subprocess; return subprocess.run(['/bin/true'])",
    "multiprocessing": "import multiprocessing as m; m.Process(target=print).start(); return 1",
    "daemon": "import time\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(99)\n    return 1",
    "exec": "os.execv('/bin/true', ['true'])",
    "exec of the interpreter": "os.execv(sys.executable or '/usr/bin/python3', ['python3', '-c', 'print(1)'])",
    "exec from memory": "fd = libc.memfd_create(b'x', 0); call('execveat', fd, b'', 0, 0, 0x1000); return fd >= 0",
    "memory bomb": "x = bytearray(1 << 33); return 1",
    "memory bomb by lists": "x = [0]\n    while 1: x = x + x",
    "memory bomb by mmap": "return [mmap.mmap(-1, 1 << 26) for _ in range(100)] and 1",
    "locked memory": "return call('mlock', ctypes.create_string_buffer(10), 10)",
    "endless loop with signals ignored": "\n    for n in range(1, 64):\n        if n not in (9, 19, 32, 33):"
    "\n            signal.signal(n, signal.SIG_IGN)\n    while 1: pass",
    "endless loop that swallows everything": "\n    while 1:\n        try:\n            while 1: pass\n"
    "        except BaseException: pass",
    "endless sleep with signals ignored": "import time\n    signal.signal(15, signal.SIG_IGN)\n    time.sleep(1000)",
    "stop itself": "os.kill(os.getpid(), signal.SIGSTOP); return 1",
    "300 MB of output": "\n    for _ in range(300): os.write(1, b'x' * 1000000)\n    return 1",
    "300 MB on stderr": "\n    for _ in range(300): os.write(2, b'x' * 1000000)\n    return 1",
    "300 MB of results": "\n    for _ in range(300): os.write(3, b'x' * 1000000)\n    return 1",
    "signal the parent": "os.kill(PARENT, 9); return 1",
    "signal the victim": "os.kill(VICTIM, 9); return 1",
    "signal everybody": "\n    for p in (-1, 0, os.getppid(), *range(2, 40000)):\n        try: os.kill(p, 9)\n"
    "        except OSError: continue\n        return 1",
    "signal by tgkill": "return call('tgkill', VICTIM, VICTIM, 9)",
    "signal by a pidfd": "return call('pidfd_send_signal', os.pidfd_open(VICTIM), 9, None, 0)",
    "signal by F_SETOWN": "import fcntl\n    fcntl.fcntl(1, fcntl.F_SETOWN, VICTIM); fcntl.fcntl(1, 10, 9)\n"
    "    fcntl.fcntl(1, fcntl.F_SETFL, os.O_ASYNC | os.O_WRONLY); return 1",
    "signal by an ioctl": "import fcntl; fcntl.ioctl(1, 0x8901, int(VICTIM).to_bytes(4, 'little')); return 1",
    "type into a terminal": "import fcntl; fcntl.ioctl(0, 0x5412, b'x'); return 1",
    "trace the victim": "return call('ptrace', 16, VICTIM, 0, 0)",
    "read the victim's memory": "return call('process_vm_readv', VICTIM, (ctypes.c_uint64 * 2)(), 1, "
    "(ctypes.c_uint64 * 2)(), 1, 0)",
    "open the victim's memory": "return os.open('/proc/VICTIM/mem', os.O_RDWR)",
    "take the victim's descriptors": "return call('pidfd_getfd', os.pidfd_open(VICTIM), 0, 0)",
    "slow the victim down": "return call('setpriority', 0, VICTIM, 19)",
    "change the victim's limits": "import resource as r; r.prlimit(VICTIM, r.RLIMIT_CPU, (1, 1)); return 1",
    "raise the own limits": "import resource\n    resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); return 1",
    "look for descriptors": "\n    found = []\n    for fd in range(4, 5000):\n        try: os.fstat(fd)\n"
    "        except OSError: continue\n        found.append(fd)\n    return found",
    "send on descriptors": "import socket\n    for fd in range(0, 300):\n        try: socket.socket(fileno=fd)\n"
    "        except OSError: continue\n        return 1",
    "new namespaces": "return call('unshare', 0x10000000 | 0x20000)",
    "clone into a namespace": "return call('clone', 0x10000000 | 17, 0, 0, 0, 0)",
    "enter a namespace": "return call('setns', os.pidfd_open(VICTIM), 0x20000)",
    "mount": "return libc.mount(b'proc', b'/tmp', b'proc', 0, None) == 0",
    "new mount interface": "return call('fsopen', b'tmpfs', 0)",
    "chroot": "os.chroot('/tmp'); return 1",
    "io_uring": "return call('io_uring_setup', 8, ctypes.create_string_buffer(120))",
    "bpf": "return call('bpf', 0, ctypes.create_string_buffer(128), 128)",
    "perf": "return call('perf_event_open', ctypes.create_string_buffer(128), 0, -1, -1, 0)",
    "userfaultfd": "return call('userfaultfd', 0)",
    "keys": "return call('add_key', b'user', b'x', b'y', 1, -3)",
    "shared memory segment": "return call('shmget', 1, 4096, 0o1666)",
    "message queue": "return call('mq_open', b'x', 0o102, 0o600, None)",
    "watch files": "return call('inotify_init1', 0)",
    "another filter": "return call('seccomp', 0, 0, 0)",
    "outlive the zygote": "return call('prctl', 1, 0, 0, 0, 0)",
    "be readable to others": "return call('prctl', 4, 1, 0, 0, 0)",
    "become root": "os.setuid(0); return os.getuid() == 0 and call('capset', 0, 0)",
    "open by handle": "return call('open_by_handle_at', -100, ctypes.create_string_buffer(128), 0)",
    "another personality": "return call('personality', 8)",
    "set the clock": "return call('clock_settime', 0, (ctypes.c_long * 2)(0, 0))",
    "foreign call numbers": "return call(0x40000000 | 39) or call(0x40000000 | 1, 1, b'x', 1)",
    "pin a processor": "return call('sched_setaffinity', VICTIM, 128, ctypes.create_string_buffer(128))",
    "write over memory": "ctypes.memset(0x1000, 0, 100); return 1",
    "deep recursion": "\n    import sys\n    sys.setrecursionlimit(10**9)\n    f = lambda: f()\n    f()",
    "close everything": "os.closerange(0, 100); return 1 == 2",
}

if platform.machine() == "x86_64":
    # mov eax, 20 (getpid of the 32-bit interface); int 0x80; ret
    BODIES["32-bit calls"] = (
        "m = mmap.mmap(-1, 4096, prot=7); m.write(bytes.fromhex('b814000000cd80c3'))\n"
        "    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))() > 0"
    )

_MISTAKES = ("NameError", "TypeError", "AttributeError", "KeyError", "UnboundLocalError", "ArgumentError")

LIMITS = Limits(cpu_s=0.4, wall_s=5.0)


def program(body: str, places: Mapping[str, object]) -> str:
    for word, real in places.items():
        body = body.replace(word, str(real))
    return f"{HEAD}\ndef attack():\n    {body}\n"


def verdict(results: Results) -> str:
    """ "" where the walls held."""
    result: Result = results[0]
    if result.ok and result.value:
        return f"it got {str(result.value)[:100]!r}"
    if SECRET in str(results):
        return "the secret came out"
    if "the child itself" in results.error or results.stop == "exception":
        return f"it was never started: {results.error}"
    if result.status == "exception" and any(f"{kind}:" in result.error for kind in _MISTAKES):
        return f"the attack itself is wrong: {result.error}"
    return ""


def attack_all(make: Callable[[], Sandbox], names: Iterable[str] = BODIES) -> dict[str, str]:
    """Lets these programs try, and looks around outside after each; "" by name where the walls held."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    secret, mark = folder / "secret", folder / "mark"
    os.environ["SANDBOX_SECRET"] = SECRET
    found: dict[str, str] = {}
    shm = Path("/dev/shm/sandbox-mark")
    with make() as box:
        for name in names:
            secret.write_text(SECRET, encoding="utf-8")
            secret.chmod(0o644)
            victim = subprocess.Popen(["sleep", "1000"])
            places = {
                "HOST_NAME": os.uname().nodename,
                "PARENT": os.getpid(),
                "VICTIM": victim.pid,
                "SECRET_FILE": secret,
                "MARK": mark,
            }
            results = box.run(program(BODIES[name], places), [Call("attack")], LIMITS)
            honest = box.run("def f(x):\n    return x + 1\n", [Call("f", (1,))])
            signs = {
                verdict(results): True,
                "it left a file": _gone(mark) | _gone(shm),
                "it changed the secret": not secret.exists() or secret.read_text(encoding="utf-8") != SECRET,
                "the victim is dead": victim.poll() is not None,
                f"it took {results.wall_s:.0f} s": results.wall_s > 30 * LIMITS.wall_s,
                f"the next run failed: {honest.error}": not honest[0].ok,
            }
            found[name] = "; ".join(sign for sign, seen in signs.items() if seen and sign)
            victim.kill()
            victim.wait()
        pids = {worker.process.pid for worker in _workers(box)}
    left = {pid: parent for pid, parent in _processes().items() if parent in pids or pid in pids}
    found["processes left behind"] = f"{left}" if left else ""
    shutil.rmtree(folder)
    return found


def _gone(path: Path) -> bool:
    """Removes what lies at ``path``; whether anything did."""
    there = path.exists() or path.is_symlink()
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    elif there:
        path.unlink()
    return there


def _workers(box: Sandbox) -> list[worker.Worker]:
    idle = [box._idle.get() for _ in range(box.workers)]
    for one in idle:
        box._idle.put(one)
    return [one for one in idle if one is not None]


def _processes() -> dict[int, int]:
    """Parent by process, of everything that lives on this machine."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found[int(stat.parent.name)] = int(text.rsplit(")", 1)[1].split()[1])
    return found


def become_nobody() -> None:
    """Root no more; what nobody must read (the interpreter, the sandbox's own code) is put within its reach."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = tempfile.mkdtemp()
    shutil.copytree(worker.HERE, code, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (Path(code), *Path(code).rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    worker.HERE = code
    prefix = Path(sys.base_prefix)
    closed = [p for p in (prefix, *prefix.parents) if not p.stat().st_mode & 0o001]
    if closed:  # an interpreter in somebody's home: seen from here alone, that home holds nothing else
        if libc.unshare(0x20000) or libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None):
            raise LanistaError("nobody can read the interpreter, and there is no mount namespace to change that in")
        fd = os.open(prefix, os.O_PATH)
        if libc.mount(b"none", str(closed[-1]).encode(), b"tmpfs", 0, b"mode=755"):
            raise LanistaError(f"cannot mount over {closed[-1]}")
        prefix.mkdir(parents=True)
        if libc.mount(f"/proc/self/fd/{fd}".encode(), str(prefix).encode(), None, 0x1000 | 0x4000, None):
            raise LanistaError(f"cannot bind {prefix}")
        os.close(fd)
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    libc.prctl(4, 1, 0, 0, 0)  # dumpable again, as any ordinary process is: its /proc files are its own
    os.chdir("/")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("tier", choices=[FULL, "seccomp+landlock"])
    parser.add_argument("--nobody", action="store_true")
    asked = parser.parse_args()
    signal.alarm(280)
    started = time.monotonic()
    try:
        if asked.nobody:
            become_nobody()
        told: dict[str, Any] = {"found": attack_all(lambda: Sandbox(tier=asked.tier))}
    except LanistaError as error:
        told = {"missing": str(error)}
    print(json.dumps({"tier": asked.tier, "uid": os.getuid(), **told, "seconds": time.monotonic() - started}))


if __name__ == "__main__":
    main()
