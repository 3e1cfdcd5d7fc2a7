from tests.arenas.coding.bank import *
