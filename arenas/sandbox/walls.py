"""The walls around a program: namespaces and an empty root once per zygote, the rest in every child.

Tier ``full``: user, mount, network, IPC, UTS, cgroup and process namespaces, a read-only root that holds the standard
library and nothing else, and all of the next. Tier ``seccomp+landlock``: Landlock that opens the standard library for
reading and nothing else, a seccomp filter, no capabilities, no new privileges, resource limits. Tier ``unsafe``: as
much of that as works.

Read inside the sandbox's own interpreter; imports the standard library only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import socket
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lanista.arenas.sandbox import kernel, syscalls

FULL, SECOND, UNSAFE = "full", "seccomp+landlock", "unsafe"

HIDDEN = ("site-packages", "dist-packages")
"""Folders in the standard library's own that hold what else is installed."""

DESCRIPTORS = 256
"""Files that a zygote may need open at once: what it mounts, its children, its rules."""

HOST = "sandbox"
NOBODY = 65534
TMP = "/tmp"


class Orders(NamedTuple):
    """The limits that the kernel enforces in a child."""

    cpu_s: int
    memory_bytes: int
    file_bytes: int
    processes: int


def library() -> list[str]:
    """The folders of the standard library, which a program may import from."""
    return sorted({os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")})


def readable_parts(paths: Sequence[str]) -> list[tuple[str, int]]:
    """(path, Landlock rights) for the standard library without its site-packages, and for ``paths``.

    The library's folders themselves cannot be listed: rights hold for all that lies below, and so the names in
    site-packages would be told. The import system knows them from before the walls stood.
    """
    parts = []
    for folder in library():
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            # Links out of the library lead nowhere in the new root (Debian's sitecustomize.py is one).
            if name not in HIDDEN and os.path.exists(path):
                is_dir = os.path.isdir(path)
                parts.append((path, kernel.READ_FILE | kernel.READ_DIR if is_dir else kernel.READ_FILE))
    for path in paths:
        parts.append((path, kernel.READ_FILE | kernel.READ_DIR if os.path.isdir(path) else kernel.READ_FILE))
    return parts


# --- once per zygote


class Opened(NamedTuple):
    """What the new root will hold, opened while the old one is still in reach."""

    path: str
    fd: int
    is_dir: bool


def enter_namespaces(paths: Sequence[str]) -> list[Opened]:
    """New namespaces for this process and, for its process ids, its children; what the new root is to hold is opened.
    Raises OSError.

    Root becomes nobody in there, so that not even a hole in the walls finds root's files.
    """
    uid, gid = os.geteuid(), os.getegid()
    start = os.pipe()
    helper = os.fork() if uid == 0 else 0
    if uid == 0 and helper == 0:
        _map_to_nobody(os.getppid(), start)
    kernel.unshare(
        kernel.CLONE_NEWUSER
        | kernel.CLONE_NEWNS
        | kernel.CLONE_NEWNET
        | kernel.CLONE_NEWIPC
        | kernel.CLONE_NEWUTS
        | kernel.CLONE_NEWCGROUP
        | kernel.CLONE_NEWPID
    )
    sources = open_sources(paths)  # of the new namespace's mounts, and while root's folders are still in reach
    mapped = False
    if helper:
        os.write(start[1], b"x")
        mapped = os.waitpid(helper, 0)[1] == 0
    for fd in start:
        os.close(fd)
    if mapped:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        return sources
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")
    return sources


def _map_to_nobody(parent: int, start: tuple[int, int]) -> None:
    """In a helper outside: only from there may root map somebody else's id into the namespace. Does not return."""
    code = 1
    try:
        os.close(start[1])
        if os.read(start[0], 1):
            _write(f"/proc/{parent}/uid_map", f"{NOBODY} {NOBODY} 1")
            _write(f"/proc/{parent}/gid_map", f"{NOBODY} {NOBODY} 1")
            code = 0
    finally:
        os._exit(code)


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def open_sources(paths: Sequence[str]) -> list[Opened]:
    return [Opened(p, os.open(p, os.O_PATH | os.O_CLOEXEC), os.path.isdir(p)) for p in (*library(), *paths)]


def change_root(sources: Sequence[Opened]) -> None:
    """An empty read-only root with ``sources`` at their own paths, and an empty /tmp to mount on. Raises OSError.

    Over the folders of installed packages lies an empty one; only sources that lie in there show.
    """
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    root = TMP
    kernel.mount("sandbox", root, "tmpfs", data="size=1m,mode=755")
    hidden = [os.path.join(folder, name) for folder in library() for name in HIDDEN]
    for source in sources:
        if not _comes_with_another(source.path, sources, hidden):
            _bind(source, root + source.path)
        for folder in hidden:  # as soon as it shows
            if os.path.dirname(folder) == source.path and os.path.isdir(root + folder):
                kernel.mount("hidden", root + folder, "tmpfs", data="size=1m,mode=755")
    os.makedirs(root + TMP, exist_ok=True)
    os.chdir(root)
    kernel.pivot_root(".", ".")
    kernel.unmount(".")
    os.chdir("/")
    kernel.mount_attributes("/", kernel.MOUNT_READ_ONLY | kernel.MOUNT_NOSUID | kernel.MOUNT_NODEV)
    for source in sources:
        os.close(source.fd)


def _comes_with_another(path: str, sources: Sequence[Opened], hidden: Sequence[str]) -> bool:
    """Whether ``path`` shows because a folder above it is a source too, and is not hidden in that one."""
    above = [source.path for source in sources if source.is_dir and path.startswith(source.path + "/")]
    if not above:
        return False
    nearest = max(above, key=len)
    return not any(path.startswith(folder + "/") and folder.startswith(nearest + "/") for folder in hidden)


def _bind(source: Opened, target: str) -> None:
    os.makedirs(target if source.is_dir else os.path.dirname(target), exist_ok=True)
    if not source.is_dir:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444))
    kernel.mount(f"/proc/self/fd/{source.fd}", target, flags=kernel.MS_BIND | kernel.MS_REC)


def room_for_descriptors() -> None:
    """As many descriptors as a zygote needs, whatever its client allows itself. Raises OSError where that cannot be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        raise OSError(
            f"at most {hard} files may be open here (ulimit -Hn), and a sandbox needs {DESCRIPTORS}; raise it"
        )
    if soft != resource.RLIM_INFINITY and soft < DESCRIPTORS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, hard))


def own_address_space() -> int:
    """Bytes of address space that this interpreter takes before any program runs."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


# --- in every child


class Walls:
    """What a zygote prepares so that a child has little left to do."""

    def __init__(self, tier: str, paths: Sequence[str], base: int) -> None:
        self.tier = tier
        self.paths = tuple(paths)
        self.base = base
        self.has_others_library = _others_may_read(library())
        self.filters = {
            (files, processes): kernel.Filter(
                syscalls.build(os.uname().machine, files=files, processes=processes, names=tier != SECOND)
            )
            for files in (False, True)
            for processes in (False, True)
        }
        self.hard = {what: resource.getrlimit(what)[1] for what in _PER_RUN}
        self.ruleset: int | None = None
        with _tolerated(tier):
            low = self._ruleset()
            self.ruleset = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 100)  # children hand out the low numbers anew
            os.close(low)

        for what, most in ((resource.RLIMIT_NOFILE, 32), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_MSGQUEUE, 0)):
            resource.setrlimit(what, (most, most))
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.bound_capabilities()

    def _ruleset(self) -> int:
        made = kernel.landlock_ruleset()
        for path, rights in readable_parts(self.paths):
            kernel.landlock_allow(made, path, rights)
        return made

    def close_in(self, orders: Orders) -> None:
        """Raises all walls around the calling process, for good. Raises OSError where one does not stand.

        Descriptors are the caller's affair: what is open stays open.
        """
        files = orders.file_bytes > 0
        processes = orders.processes > 1
        if self.tier == FULL and files:
            kernel.unshare(kernel.CLONE_NEWNS)
            kernel.mount("tmp", TMP, "tmpfs", data=f"size={orders.file_bytes},mode=777,nr_inodes=1000")
            kernel.mount_attributes(TMP, kernel.MOUNT_NOSUID | kernel.MOUNT_NODEV | kernel.MOUNT_NOEXEC)
            os.chdir(TMP)
        if self.tier == FULL and processes:
            kernel.unshare(kernel.CLONE_NEWUSER)  # processes are counted per user namespace: nobody else is in this one
        self._limit(orders)
        if self.tier != FULL and os.geteuid() == 0 and self.has_others_library:
            with contextlib.suppress(OSError):  # without CAP_SETUID root stays root, and the walls below hold it
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
        kernel.clear_capabilities()
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # once more: other credentials clear it
        with _tolerated(self.tier):
            ruleset = self.ruleset
            if ruleset is not None and files and self.tier == FULL:
                ruleset = self._ruleset()  # the zygote's own is shared with its other children
                kernel.landlock_allow(ruleset, TMP, kernel.landlock_everything())
            if ruleset is not None:
                kernel.landlock_restrict(ruleset)
        with _tolerated(self.tier):
            kernel.seccomp(self.filters[files, processes])

    def _limit(self, orders: Orders) -> None:
        wanted = (orders.cpu_s, self.base + orders.memory_bytes, orders.file_bytes)
        for what, most in zip(_PER_RUN, wanted, strict=True):
            hard = self.hard[what]
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (most, most))
        if orders.processes > 1:
            resource.setrlimit(resource.RLIMIT_NPROC, (orders.processes, orders.processes))


_PER_RUN = (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE)


@contextlib.contextmanager
def _tolerated(tier: str) -> Iterator[None]:
    """A failing wall is tolerated in tier ``unsafe``, and nowhere else."""
    try:
        yield
    except OSError:
        if tier != UNSAFE:
            raise


def _others_may_read(folders: Sequence[str]) -> bool:
    """Whether anybody may walk to these folders."""
    for folder in folders:
        path = folder
        while True:
            if not os.stat(path).st_mode & 0o001:
                return False
            if path == "/":
                break
            path = os.path.dirname(path)
    return True


def forget_environment() -> None:
    """An empty environment, and no command line that names folders of this machine and the tier."""
    os.environ.clear()
    sys.argv = [""]
    sys.orig_argv = [""]


def forget_host(tier: str) -> None:
    """The machine is called HOST from here on, and nobody remembers otherwise.

    Without a namespace of its own the system call is refused (`syscalls.NAMES`), and Python answers in its place.
    """
    if "platform" in sys.modules:
        sys.modules["platform"]._uname_cache = None  # type: ignore[attr-defined]
    if tier == FULL:
        kernel.host_name(HOST)
    if tier != SECOND:
        return
    told = os.uname()
    recorded = os.uname_result((told.sysname, HOST, told.release, told.version, told.machine))
    os.uname = lambda: recorded
    socket.gethostname = lambda: HOST


def default_signals() -> None:
    """Every signal's default, and none blocked, whatever the caller's are: where SIGCHLD is ignored, nobody can be
    waited for."""
    for number in signal.valid_signals():
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
