from benchmarks._machine import *
