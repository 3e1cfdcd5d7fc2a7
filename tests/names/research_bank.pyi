from tests.arenas.research.research_bank import *
