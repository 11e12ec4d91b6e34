"""The model card: the README.md of an artifact, in the form of the Hugging Face hub."""

from __future__ import annotations

from typing import Any

from depeche.labels.formats.markdown import markdown_text
from depeche.labels.schema import Dimension, Schema
from depeche.model.artifact import Artifact
from depeche.train.evaluation.metrics import MEASURES, main_scores

_HEAD = """\
---
language: fr
license: {license}
library_name: depeche
pipeline_tag: text-classification
tags:
- french
- news
---

# {name}

Tags paragraphs of French news articles. {what}

```
classify article.txt --model THIS_FOLDER
```

## Labels

{labels}

## Training data

{n_paragraphs} paragraphs of {n_articles} articles. Each file with its SHA-256:

{files}
{left_out}
## Scores

Out of fold: {who} by a model trained {split}, and calibrated and cut by
thresholds from the other folds. Intervals are bootstrapped by article.

{scores}

Signature: `{signature}`

## Decisions

With a precision asked for, a label of a `multi` dimension is given from the threshold on that holds
it, with 90 % confidence. With a coverage asked for, that share of the paragraphs that have a label
are given it or have it in `review`. Measured out of fold, `review` being the share of paragraphs
where the label is left to a person:

{promises}
"""

_WHAT = {
    "tfidf": """\
A model of weighted words, word pairs and character
n-grams, hashed, and of word vectors ({backend}), trained with depeche {version}; it runs on a
laptop, with numpy alone.""",
    "camembert": """\
The encoder {base}, fine-tuned ({backend}) with depeche
{version}; it runs on a laptop, with onnxruntime and tokenizers (`pip install 'depeche[onnx]'`). The
rights in {base} hold for it as well.""",
}

_READS = {
    "tfidf": """\
- It reads one paragraph at a time, as a bag of words and pairs, and which words go together: irony,
  negation at a distance, and who says what of whom are beyond it.""",
    "camembert": """\
- It reads one paragraph at a time, a long one in overlapping windows. Its evidence is what its
  scores lose without a word; words that only count together are not shown.""",
}

_SPLITS = {
    "article": "without any paragraph of its article\n(or near-duplicate of it)",
    "source": "without any paragraph of its source\n(or near-duplicate of it)",
    "date": "on earlier paragraphs only",
    "random": "on others drawn at random, some of\nits article among them: too high a score",
}

_LIMITS = """
## Reading the scores

A label's score is a probability calibrated on the out-of-fold scores of the training paragraphs.
It holds for texts drawn like them: where a label is rarer than there, the same score is right less
often (`--prevalence` re-anchors scores to other shares). A label of a `multi` dimension is given
from its threshold on (the one with the highest expected F1, unless `--precision` or `--recall`
asks for another); of a `single` dimension the most probable is given.

## Limits

- Before that, the reader decides what is a paragraph. It mistakes some: reader comments,
  advertisements and notices written as prose may pass for paragraphs; lists of short lines
  (results, recipes, casts, programmes) may be left out; a paragraph that a page break divides stays
  divided; tables, captions and the words in pictures are not read. `skipped` in a record shows what
  was left out. Texts in other languages than French are flagged, and their tags mean nothing.
{reads}
- It was measured on paragraphs like those above. Other kinds of text (posts, laws, novels) and
  other languages are outside what was measured.
- What an article's paragraphs say is rolled up by their length; article scores were not measured
  against articles labelled as a whole.
- The shipped label files were labelled by a language model that read each paragraph by the
  codebook, and no human has checked them yet: the model has learned that reading, not a
  newsroom's. See `labels/README.md`.

## Must not be used

To decide about people: to profile, rank, block or sanction an author, a medium or a source. The
stance is that of a paragraph, not of its author. Do not publish single tags as facts about a text
without a reader having checked them.
"""


def model_card(artifact: Artifact) -> str:
    """Return the card of an artifact as Markdown with a YAML head."""
    data = artifact.data
    files = "\n".join(
        "- `{}` `{}`".format(name.replace("`", "'"), digest)
        for name, digest in data["files"].items()
    )
    left_out = (
        f"\n{data['n_left_out']} stand-off paragraphs were left out: their texts were not at "
        "hand.\n"
        if data["n_left_out"]
        else ""
    )
    n_scored, n_paragraphs = artifact.scores["n_paragraphs"], data["n_paragraphs"]
    held_out = f"{n_scored} of these paragraphs were held out, and scored"
    return _HEAD.format(
        name=markdown_text(artifact.name),
        license="mit" if artifact.backend == "tfidf" else "other",
        who="every paragraph was scored" if n_scored == n_paragraphs else held_out,
        what=_WHAT[artifact.backend].format(
            backend=artifact.backend,
            version=artifact.version,
            base=artifact.settings.get("base"),
        ),
        labels=_labels(artifact.schema),
        n_paragraphs=data["n_paragraphs"],
        n_articles=data["n_articles"],
        files=files,
        left_out=left_out,
        scores=scores_markdown(artifact.scores, artifact.schema),
        signature=artifact.scores["signature"],
        split=_SPLITS[artifact.settings["split"]],
        promises=promises_markdown(artifact.scores, artifact.schema),
    ) + _LIMITS.format(reads=_READS[artifact.backend])


def scores_markdown(scores: dict[str, Any], schema: Schema) -> str:
    """Return the scores of every dimension as Markdown tables, then `sentences`."""
    tables = [_table(dimension, scores) for dimension in schema.dimensions]
    return "\n\n".join([*tables, *sentences(scores, schema)])


def promises_markdown(scores: dict[str, Any], schema: Schema) -> str:
    """Return a Markdown table of the precision and coverage that decisions reached, out of fold."""
    levels = list(scores["promises"])
    head = ["label"]
    for level in levels:
        asked = f"{float(level):.0%}".replace("%", " %")
        head += [
            f"asked {asked} precision: got",
            "recall",
            f"asked {asked} coverage: got",
            "review",
        ]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name in schema.label_names:
        row = [name]
        for level in levels:
            shares = scores["promises"][level][name]
            keys = ("precision", "recall", "covered", "review")
            row += [_percent(shares.get(key)) for key in keys]
        lines.append(row)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def score_rows(dimension: Dimension, scores: dict[str, Any]) -> list[list[str]]:
    """Return a dimension's scores as rows of text: a head, then one row per label."""
    rows = [[dimension.id, "precision", "recall", "F1", "95 % interval", "average precision", "n"]]
    for label in dimension.label_ids:
        measures = scores[dimension.id]["labels"][label]
        values = [score_text(measures[key]) for key in ("precision", "recall", "f1")]
        interval = _interval(scores["intervals"][dimension.id]["labels"][label]["f1"])
        average = score_text(measures["average_precision"])
        rows.append([label, *values, interval, average, str(measures["support"])])
    return rows


def overall(dimension: Dimension, scores: dict[str, Any]) -> str:
    """Return a dimension's overall scores as one line, with their 95 % intervals."""
    measures, intervals = scores[dimension.id], scores["intervals"][dimension.id]
    return ", ".join(
        f"{name} {score_text(measures[key])} ({_interval(intervals.get(key))})"
        for key, name in MEASURES.items()
        if key in measures
    )


def sentences(scores: dict[str, Any], schema: Schema) -> list[str]:
    """Return what else the scores say, one sentence each: baselines, leakage, more labels."""
    lines = _baseline_sentences(scores["baselines"], schema)
    if "leakage" in scores:
        gains = _list_points(scores["leakage"]["gap"], "+.1f")
        lines.append(f"Folds drawn at random would add {gains}: what they gain is leakage.")
    if "distilled" in scores:
        distilled = scores["distilled"]
        lines.append(
            f"A teacher scored {distilled['n_unlabelled']} unlabelled paragraphs for it; without "
            f"them, fitted on the same labels, it would score {_list_scores(distilled['alone'])}."
        )
    if "int8" in scores:
        kept, losses = _percent(scores["int8"]["kept"]), _list_points(scores["int8"]["loss"], ".1f")
        lines.append(f"Rounded to 8 bits it keeps {kept} of its decisions and loses {losses}.")
    if "learning" in scores:
        gains = _list_points(scores["learning"]["next"], "+.1f")
        lines.append(f"500 more paragraphs of the same kind would bring about: {gains}.")
    return lines


def _baseline_sentences(baselines: dict[str, Any], schema: Schema) -> list[str]:
    """Return one sentence per baseline: the schema's keywords, and always the same answer."""
    subjects = {"keywords": "The schema's keywords as rules", "constant": "One answer"}
    return [
        f"{subject} would score {_list_scores(main_scores(baselines[name], schema))}."
        for name, subject in subjects.items()
        if name in baselines
    ]


def _list_scores(main: dict[str, float]) -> str:
    """Return one score per dimension as part of a sentence."""
    return ", ".join(f"{score_text(value)} on {name}" for name, value in main.items())


def _list_points(shares: dict[str, float], form: str) -> str:
    """Return one difference per dimension, in hundredths, as part of a sentence."""
    return ", ".join(f"{100 * value:{form}} points on {name}" for name, value in shares.items())


def _table(dimension: Dimension, scores: dict[str, Any]) -> str:
    head, *rows = score_rows(dimension, scores)
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + (
        f"\n\n{overall(dimension, scores)}"
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _interval(pair: list[float] | None) -> str:
    return "–" if pair is None else f"{pair[0]:.3f}–{pair[1]:.3f}"


def _labels(schema: Schema) -> str:
    lines = []
    for dimension in schema.dimensions:
        kind = "any number of" if dimension.kind == "multi" else "exactly one of"
        lines.append(f"`{dimension.id}`: {kind}")
        lines += [
            f"- `{label.id}` ({markdown_text(label.fr)}): {markdown_text(label.definition)}"
            for label in dimension.labels
        ]
        lines.append("")
    return "\n".join(lines).rstrip()


def score_text(value: float | None) -> str:
    """Return a score with three decimals, a dash where there is none."""
    return "–" if value is None else f"{value:.3f}"
