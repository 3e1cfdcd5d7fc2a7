import sys
from pathlib import Path

# The auction is a module that several test files share; it lives beside them, outside the package.
sys.path.insert(0, str(Path(__file__).parent))
