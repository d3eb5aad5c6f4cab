"""Union-find: classes that only ever merge."""


class Classes:
    """A partition of the members 0 … size − 1, each alone at first.

    of[i] = the class of member i; members[c] = the members of class c.
    """

    def __init__(self, size: int):
        self.of = list(range(size))
        self.members = {member: [member] for member in range(size)}

    def merge(self, i: int, j: int) -> None:
        """Merge the classes of i and j. Does nothing if they are the same class."""
        kept, gone = self.of[i], self.of[j]
        if kept == gone:
            return
        # The smaller class moves: a member moves at most log2(size) times.
        if len(self.members[kept]) < len(self.members[gone]):
            kept, gone = gone, kept
        moved = self.members.pop(gone)
        for member in moved:
            self.of[member] = kept
        self.members[kept] += moved
