"""The captions of a data set: what they will teach, what is wrong in them, and editing them."""

from enogu.tags.dataset.additions import Addition, plan_additions
from enogu.tags.dataset.captions import CaptionSet, load_captions
from enogu.tags.dataset.change import EditPlan, plan_edits
from enogu.tags.dataset.checks import Finding, check_captions
from enogu.tags.dataset.choose import Choice, choose
from enogu.tags.dataset.heatmap import write_heat_map
from enogu.tags.dataset.knowledge import KnowsTags, Remembered
from enogu.tags.dataset.line import CaptionSyntax
from enogu.tags.dataset.notes import caption_notes
from enogu.tags.dataset.query import parse_query
from enogu.tags.dataset.similarity import count_pairs, similarities
from enogu.tags.dataset.statistics import Statistics, captions_statistics, guess_trigger
from enogu.tags.dataset.write import Written, apply_edits, continue_edit, pending_edit, undo_edit

__all__ = [
    "Addition",
    "CaptionSet",
    "CaptionSyntax",
    "Choice",
    "EditPlan",
    "Finding",
    "KnowsTags",
    "Remembered",
    "Statistics",
    "Written",
    "apply_edits",
    "caption_notes",
    "captions_statistics",
    "check_captions",
    "choose",
    "continue_edit",
    "count_pairs",
    "guess_trigger",
    "load_captions",
    "parse_query",
    "pending_edit",
    "plan_additions",
    "plan_edits",
    "similarities",
    "undo_edit",
    "write_heat_map",
]
