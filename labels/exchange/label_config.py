"""The labelling configuration of Label Studio for a schema: what annotators see."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from depeche.labels.schema import Dimension, Schema

TEXT = "text"  # name of the tag with the text; no dimension can have this name


def labelling_config(schema: Schema) -> str:
    """Return the XML: a text, and the labels of each dimension to choose from.

    Annotators see French names, and the definition under the mouse. The annotation holds the alias,
    which is the id of the label.
    """
    lines = ["<View>", f'  <Text name="{TEXT}" value="${TEXT}"/>']
    for dimension in schema.dimensions:
        lines += _choices(dimension)
    return "\n".join([*lines, "</View>"]) + "\n"


def _choices(dimension: Dimension) -> list[str]:
    how = 'choice="single" required="true"' if dimension.kind == "single" else 'choice="multiple"'
    names = [label.fr for label in dimension.labels]
    lines = [
        f"  <Header value={quoteattr(dimension.fr)}/>",
        f"  <Choices name={quoteattr(dimension.id)} toName={quoteattr(TEXT)} {how}>",
    ]
    for label in dimension.labels:
        shown = label.fr if names.count(label.fr) == 1 else f"{label.fr} ({label.id})"
        lines.append(
            f"    <Choice value={quoteattr(shown)} alias={quoteattr(label.id)} "
            f"hint={quoteattr(label.definition)}/>"
        )
    return [*lines, "  </Choices>"]
