"""Going through a project's pictures: what is unsure, what a person says, and taking it back."""

from enogu.project.review.desk import ReviewDesk, open_desk
from enogu.project.review.verdicts import KEEP, UNSURE, VERDICTS
from enogu.project.review.wall import DOUBTFUL, WallRow

__all__ = ["DOUBTFUL", "KEEP", "UNSURE", "VERDICTS", "ReviewDesk", "WallRow", "open_desk"]
