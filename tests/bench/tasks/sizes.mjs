/** Of the models that are compared (tests/models/graph.py): those of small ones that people use. */
export const SIZES = { width: 384, layers: 6, heads: 6, side: 224, fine_side: 512, patch: 16, seconds: 5 };
