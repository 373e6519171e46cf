"""What a metric, a label or a name means, and which one thing it is about: conventions, catalogue, entity index."""
