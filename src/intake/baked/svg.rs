//! SVG elements of the Open Badges baking specification.
