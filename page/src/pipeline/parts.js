/** Outputs of which a run may read parts, and leave the rest on a GPU. */
export const LEAVABLE = Object.freeze(['logits']);
