"""The settings: what there are, and how they are read from the environment."""

from recado.settings.environment import SettingsError, load, read_environment
from recado.settings.fields import (
    API_VERSION_ENDS,
    DEFAULT_API_VERSION,
    DRAIN_NEEDS,
    SERVE_NEEDS,
    Setting,
    Settings,
    all_settings,
    variable_of,
)
from recado.settings.values import MAX_NUMBER, MEDIA_HOST, MIN_PER_SECOND, NUMBER_ID, AfterWindow, UnknownPolicy

__all__ = [
    "API_VERSION_ENDS",
    "DEFAULT_API_VERSION",
    "DRAIN_NEEDS",
    "MAX_NUMBER",
    "MEDIA_HOST",
    "MIN_PER_SECOND",
    "NUMBER_ID",
    "SERVE_NEEDS",
    "AfterWindow",
    "Setting",
    "Settings",
    "SettingsError",
    "UnknownPolicy",
    "all_settings",
    "load",
    "read_environment",
    "variable_of",
]
