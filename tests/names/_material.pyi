from benchmarks.gpu._material import *
