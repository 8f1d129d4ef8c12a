"""The SQL functions that a statement may call."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache
from typing import Final

_TEXT: Final = """
    char concat concat_ws format glob hex instr length like lower ltrim octet_length printf quote replace
    rtrim substr substring trim unicode unistr unistr_quote upper
"""
_LOGIC: Final = "coalesce if ifnull iif likelihood likely nullif typeof unlikely"
_MATH: Final = """
    abs acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2
    mod pi pow power radians round sign sin sinh sqrt tan tanh trunc
"""
_DATE: Final = """
    current_date current_time current_timestamp date datetime julianday strftime time timediff unixepoch
"""
_AGGREGATE: Final = """
    avg count group_concat max median min percentile percentile_cont percentile_disc string_agg sum total
"""
_WINDOW: Final = """
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
"""
_JSON: Final = """
    -> ->> json json_array json_array_insert json_array_length json_error_position json_extract
    json_group_array json_group_object json_insert json_object json_quote json_remove json_replace
    json_set json_type json_valid jsonb jsonb_array jsonb_array_insert jsonb_extract jsonb_insert jsonb_object
    jsonb_remove jsonb_replace jsonb_set
"""

ALLOWED: Final = frozenset(" ".join((_TEXT, _LOGIC, _MATH, _DATE, _AGGREGATE, _WINDOW, _JSON)).split())
"""Functions whose result depends on their arguments alone (the clock stands still, see `clock`).

Left out: random and randomblob (no two runs agree); changes, total_changes and last_insert_rowid (they tell
of earlier statements); what tells of or acts on the process (load_extension, sqlite_*); zeroblob; unhex,
json_patch and jsonb_patch (seconds for one call on 100 KB); jsonb_group_array and jsonb_group_object (they
read what may be 200 MB in one operation); json_pretty (gigabytes in one); the helpers of full-text search,
R-trees and geopoly.
"""

TABLE_FUNCTIONS: Final = frozenset({"json_each", "json_tree"})
"""The table-valued functions that may be read."""


@lru_cache(maxsize=256)  # SQLite asks for each call of a statement
def similar_functions(name: str) -> tuple[str, ...]:
    """Gives up to 5 functions that may be called and are spelt like `name`, the most similar first."""
    return tuple(get_close_matches(name.lower(), sorted(ALLOWED), n=5))
