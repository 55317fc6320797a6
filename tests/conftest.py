"""Settings for all tests."""

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault(
    "OMP_WAIT_POLICY", "passive"
)  # as web.cli.pools has it; before torch comes

# Examples are made on loaded machines too: how long one takes says nothing about the code.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
settings.load_profile("steady")
