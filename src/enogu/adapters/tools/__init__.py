"""What is done with adapter files afterwards: merging, resizing, extracting, converting."""

from enogu.adapters.tools.convert import NAMINGS, convert_adapter
from enogu.adapters.tools.extract import extract_adapter
from enogu.adapters.tools.low_rank_of import RANK_RULES, RankRule
from enogu.adapters.tools.merge import MergeSource, merge_adapters, merge_into_base, parse_blocks
from enogu.adapters.tools.resize import cut_dylora, resize_adapter
from enogu.adapters.tools.result import ToolResult

__all__ = [
    "NAMINGS",
    "RANK_RULES",
    "MergeSource",
    "RankRule",
    "ToolResult",
    "convert_adapter",
    "cut_dylora",
    "extract_adapter",
    "merge_adapters",
    "merge_into_base",
    "parse_blocks",
    "resize_adapter",
]
