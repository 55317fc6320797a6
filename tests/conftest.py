"""Settings for all tests."""

from hypothesis import HealthCheck, settings

# Examples are made on loaded machines too: how long one takes says nothing about the code.
settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60)
settings.load_profile("steady")
