"""The tables of a vocabulary file, and of the file beside it that keeps what was imported.

`tags.id` is the popularity rank, 1 for the tag with the most posts, and `forms` are inserted in
that order. So ``ORDER BY rowid LIMIT k`` is the ranking, and a query can stop early. The forms of
one tag have neighbouring ids, the tag itself first.
"""

from typing import Final

SCHEMA_VERSION: Final = 1
"""Files of another version are built anew from the imported sources."""

VOCABULARY_TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,     -- 1 is the embedded words
    name TEXT NOT NULL,         -- file name
    kind TEXT NOT NULL,         -- format
    licence TEXT NOT NULL,      -- '' when not stated
    sha256 TEXT NOT NULL,       -- of the file
    date TEXT NOT NULL,         -- of the data, ISO, else of the import
    rows INTEGER NOT NULL,
    broken INTEGER NOT NULL,
    batch INTEGER NOT NULL      -- of the import, 0 for the embedded words
);
CREATE TABLE tags (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,         -- unique, see the indexes
    site TEXT NOT NULL,
    category TEXT NOT NULL,
    code INTEGER NOT NULL,      -- of the category on that site
    count INTEGER NOT NULL,
    rating INTEGER NOT NULL,    -- 0 general, 1 sensitive, 2 questionable, 3 explicit
    deprecated INTEGER NOT NULL,
    date TEXT NOT NULL,         -- '' when not known
    group_name TEXT NOT NULL,
    explanation TEXT NOT NULL,
    explanation_ja TEXT NOT NULL,
    source_id INTEGER NOT NULL  -- of the count
);
CREATE TABLE forms (
    id INTEGER PRIMARY KEY,
    tag_id INTEGER NOT NULL,
    text TEXT NOT NULL,         -- tags and aliases as normal names, others as people write them
    kind TEXT NOT NULL CHECK (kind IN ('tag', 'alias', 'other', 'reading')),
    language TEXT NOT NULL,     -- '' for names of the site, else 'en', 'ja', 'zh', 'ko'
    source_id INTEGER NOT NULL
);
CREATE TABLE implications (
    child_id INTEGER NOT NULL, parent_id INTEGER NOT NULL, source_id INTEGER NOT NULL,
    PRIMARY KEY (child_id, parent_id)
) WITHOUT ROWID;
CREATE TABLE heirs (
    tag_id INTEGER NOT NULL, heir_id INTEGER NOT NULL, PRIMARY KEY (tag_id, heir_id)
) WITHOUT ROWID;
CREATE TABLE series (            -- of a character
    tag_id INTEGER NOT NULL, series_id INTEGER NOT NULL, PRIMARY KEY (tag_id, series_id)
) WITHOUT ROWID;
CREATE TABLE exclusive (
    group_name TEXT NOT NULL, tag_id INTEGER NOT NULL, PRIMARY KEY (group_name, tag_id)
) WITHOUT ROWID;
CREATE TABLE groups (
    name TEXT PRIMARY KEY,
    kind TEXT NOT NULL,         -- 'group' or 'exclusive'
    en TEXT NOT NULL, ja TEXT NOT NULL, note TEXT NOT NULL
);
CREATE TABLE cooccurrence (     -- both directions stand here
    a_id INTEGER NOT NULL, b_id INTEGER NOT NULL, count INTEGER NOT NULL,
    source_id INTEGER NOT NULL, PRIMARY KEY (a_id, b_id)
) WITHOUT ROWID;
CREATE TABLE conflicts (        -- what the conflict rule decided in the last build
    kind TEXT NOT NULL, text TEXT NOT NULL, kept TEXT NOT NULL, lost TEXT NOT NULL
);
CREATE TABLE usage (            -- own use; carried over when the file is built anew
    name TEXT NOT NULL, kind TEXT NOT NULL, positive INTEGER NOT NULL,
    negative INTEGER NOT NULL, last_used REAL NOT NULL,   -- seconds since 1970
    PRIMARY KEY (name, kind)
) WITHOUT ROWID;
"""

VOCABULARY_INDEXES: Final = """
CREATE INDEX forms_by_text ON forms (text COLLATE NOCASE) WHERE kind != 'tag';
CREATE INDEX forms_by_tag ON forms (tag_id);
CREATE INDEX implications_by_parent ON implications (parent_id);
CREATE INDEX exclusive_by_tag ON exclusive (tag_id);
CREATE INDEX tags_by_group ON tags (group_name) WHERE group_name != '';
"""

SOURCE_TABLES: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL, kind TEXT NOT NULL, licence TEXT NOT NULL, sha256 TEXT NOT NULL,
    date TEXT NOT NULL, rows INTEGER NOT NULL, broken INTEGER NOT NULL,
    estimated INTEGER NOT NULL, -- counts are guesses: any other source wins over them
    batch INTEGER NOT NULL      -- files of one import share it and are undone together
);
CREATE TABLE tag_claims (
    source_id INTEGER NOT NULL, name TEXT NOT NULL, site TEXT NOT NULL, code INTEGER NOT NULL,
    count INTEGER NOT NULL, deprecated INTEGER NOT NULL, date TEXT NOT NULL
);
CREATE TABLE text_claims (
    source_id INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE form_claims (
    source_id INTEGER NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL, kind TEXT NOT NULL,
    language TEXT NOT NULL
);
CREATE TABLE implication_claims (
    source_id INTEGER NOT NULL, child TEXT NOT NULL, parent TEXT NOT NULL
);
CREATE TABLE heir_claims (source_id INTEGER NOT NULL, name TEXT NOT NULL, heir TEXT NOT NULL);
CREATE TABLE series_claims (source_id INTEGER NOT NULL, name TEXT NOT NULL, series TEXT NOT NULL);
CREATE TABLE exclusive_claims (
    source_id INTEGER NOT NULL, group_name TEXT NOT NULL, name TEXT NOT NULL
);
CREATE TABLE group_claims (
    source_id INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, en TEXT NOT NULL,
    ja TEXT NOT NULL, note TEXT NOT NULL
);
CREATE TABLE cooccurrence_claims (
    source_id INTEGER NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, count INTEGER NOT NULL
);
"""

CLAIM_TABLES: Final = (
    "tag_claims",
    "text_claims",
    "form_claims",
    "implication_claims",
    "heir_claims",
    "series_claims",
    "exclusive_claims",
    "group_claims",
    "cooccurrence_claims",
)
