from benchmarks._ladders import *
