import sys
from pathlib import Path

# The teams without judgement are a module beside the tests that share it, outside the package.
sys.path.insert(0, str(Path(__file__).parent))
