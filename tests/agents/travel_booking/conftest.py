import sys
from pathlib import Path

# Modules that several test files share lie beside them, outside the package.
sys.path.insert(0, str(Path(__file__).parent))
