/** A folder's settings of generation, found as in transformers. */

/** @import { Loaded } from '../loading.js' */

const FILE = 'generation_config.json';
/** The parts of config.json that may have settings of generation if there is no separate file. */
export const PARTS_OF_CONFIG = Object.freeze(['decoder', 'generator', 'text_config']);

/**
 * The settings of generation_config.json, or else those of config.json and of its decoder (GenerationConfig.from_model_config).
 * Settings for a task in config.json (`task_specific_params`) take precedence over both (Pipeline.__init__).
 * @param {Pick<Loaded, 'config' | 'extra'>} loaded @param {string | null} [task] as config.json names it @returns {Record<string, any>}
 */
export function generationOf({ config, extra }, task = null) {
    const own = extra[FILE] ?? PARTS_OF_CONFIG.reduce((found, part) => ({ ...config[part], ...found }), config);
    const params = config.task_specific_params;
    return { ...own, ...(task !== null && params && Object.hasOwn(params, task) ? params[task] : {}) };
}

/** The default limit for the tokens of an answer: `max_new_tokens`, or else the rest of `max_length`, which includes the tokens
 * before the answer (GenerationMixin). @param {Record<string, any>} settings @param {number} before tokens */
export function ownMost({ max_new_tokens: fresh, max_length: all }, before) {
    if (Number.isInteger(fresh) && fresh > 0) return fresh;
    return Number.isInteger(all) && all > 0 ? Math.max(1, all - before) : Infinity;
}
