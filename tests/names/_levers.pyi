from benchmarks._levers import *
