"""Label Studio's labelling configuration for a schema: what annotators see."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from depeche.labels.schema import Dimension, Schema

TEXT = "text"  # name of the text's tag, to which choices refer; no dimension can be called so


def labelling_config(schema: Schema) -> str:
    """Return the XML: a text, and for each dimension its labels to choose from.

    Annotators read French names, with the definition where the mouse rests; the alias is what the
    annotation holds, and that is the label's id.
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
