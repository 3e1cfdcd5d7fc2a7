from tests.arenas.coding.golden import *
