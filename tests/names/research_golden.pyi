from tests.arenas.research.research_golden import *
