"""The card of an exported dataset, which the Hugging Face hub shows, with YAML before it."""

from __future__ import annotations

import json
from collections import Counter

from depeche.labels.exchange.formats import Export
from depeche.labels.formats.markdown import markdown_text

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))


def dataset_card(export: Export, name: str) -> str:
    """Return the card: YAML front matter, what the columns are, how frequent each label is."""
    n_rows = len(export.paragraphs)
    size = next((text for most, text in _SIZES if n_rows < most), "n>1M")
    body = [p for p in export.paragraphs if p.kind == "body"]
    articles = len({p.article for p in export.paragraphs})
    lines = [
        "---",
        "language:\n- fr",
        f"pretty_name: {json.dumps(name, ensure_ascii=False)}",
        "task_categories:\n- text-classification",
        f"size_categories:\n- {size}",
        "configs:\n- config_name: default\n  data_files:\n  - split: train\n    path: data/*",
        "---\n",
        f"# {markdown_text(name)}\n",
        f"{n_rows} paragraphs of {articles} articles, {len(body)} of them body paragraphs with "
        f"labels by the schema {markdown_text(export.schema.name)} {export.schema.version}. "
        "`kind` is body, heading or boilerplate, and only body paragraphs have labels. `article` "
        "groups paragraphs: a split should not divide it.\n",
        "Made with `classify export`; `classify import` makes a file of labelled paragraphs of it "
        "again. Say here who labelled, by what guidelines, and under what licence.\n",
    ]
    for dimension in export.schema.dimensions:
        how = "exactly one" if dimension.kind == "single" else "any number"
        counts = Counter(label for p in body for label in p.labels[dimension.id])
        lines += [
            f"## {dimension.id}\n",
            f"{markdown_text(dimension.fr)} / {markdown_text(dimension.en)}, {how} a paragraph:\n",
            "| label | | paragraphs | definition |\n| --- | --- | ---: | --- |",
            *(
                f"| `{x.id}` | {markdown_text(x.fr)} / {markdown_text(x.en)} | {counts[x.id]} | "
                f"{markdown_text(x.definition)} |"
                for x in dimension.labels
            ),
            "",
        ]
    return "\n".join(lines)
