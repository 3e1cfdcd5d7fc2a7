from benchmarks._evidence_presets import *
