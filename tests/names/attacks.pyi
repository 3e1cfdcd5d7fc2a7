from tests.arenas.sandbox.attacks import *
from tests.arenas.sandbox.attacks import _processes as _processes
from tests.arenas.sandbox.attacks import _workers as _workers
