/**
 * Which language models that see are served, by `model_type`: others need positions or prompts of their own.
 * The daemon is built with this list, each type in a line of its own (Makefile.am).
 */
export const VISION_TYPES = Object.freeze([
    'llava',
    'llava_onevision',
    'llava_qwen2',
    'idefics3',
    'smolvlm',
]);
/** Those that see a picture in tiles. */
export const TILED = Object.freeze(['idefics3', 'smolvlm']);
