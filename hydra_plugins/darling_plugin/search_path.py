"""Adds this package's configs to Hydra's search path, after the application's own."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

from darling_plugin.packages import configs_folder


class DarlingSearchPath(SearchPathPlugin):
    """Lets any Hydra application, verl's `main_ppo` among them, say `+darling=countdown`."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        search_path.append(provider="darling-plugin", path=f"file://{configs_folder()}")
