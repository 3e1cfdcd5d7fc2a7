from benchmarks.scripted_agents import *
