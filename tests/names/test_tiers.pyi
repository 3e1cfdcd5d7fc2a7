from tests.arenas.sandbox.test_tiers import *
