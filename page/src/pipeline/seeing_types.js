/** Which language models that see are served, by `model_type`: others need positions or prompts of their own. */

/** Those that see a picture in tiles. */
export const TILED = Object.freeze(['idefics3', 'smolvlm']);
export const SEEING = Object.freeze(['llava', 'llava_onevision', 'llava_qwen2', ...TILED]);
