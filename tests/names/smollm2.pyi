from benchmarks.smollm2 import *
