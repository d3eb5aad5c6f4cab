"""An objective that a job's configuration names: `protos_objectives:Uncentered`."""

from darling_plugin.objectives import Objective, Scored


class Uncentered(Objective):
    centered = False

    def score(self, batch):
        return Scored(batch.quality, batch.quality)
