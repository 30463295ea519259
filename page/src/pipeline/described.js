/**
 * A folder's settings for the preparation of pictures and sounds: in preprocessor_config.json, or since transformers 5 in
 * members of processor_config.json, which take precedence. transformers.js reads only the first.
 */
import { withKnownName } from './image/processors.js';

export const PREPROCESSOR = 'preprocessor_config.json';
const NESTED = Object.freeze(['feature_extractor', 'image_processor']);

/** Sets the contents that transformers.js gets as preprocessor_config.json from now on. @param {import('./folder.js').Folder} folder
 * @returns {Promise<Record<string, any> | null>} null: the folder has neither file @throws {import('../engine/failure.js').Failure} */
export async function describedBy(folder) {
    const [own, whole] = await Promise.all([folder.json(PREPROCESSOR), folder.json('processor_config.json')]);
    const parts = NESTED.map((name) => whole?.[name]).filter(isObject);
    if (own === undefined && parts.length === 0) return whole === undefined ? null : {};
    const { processor_class: type = own?.processor_class } = whole ?? {};
    const said = parts.length > 0 ? Object.assign({}, ...parts, type ? { processor_class: type } : {}) : own;
    if (!isObject(said)) return {};
    const shown = withKnownName(said);
    folder.show(PREPROCESSOR, shown);
    return shown;
}

/** @param {unknown} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
