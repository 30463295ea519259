/** How large a folder's preprocessor_config.json may have pictures made for its model. */
import { Failure } from '../../engine/failure.js';

/** Pixels of a picture that a model takes, of which each has twelve bytes then: those in the field take up to
 * some four million. */
export const MOST_PIXELS = 1 << 24;

/** Which of its settings are sizes in pixels. */
const FIELDS = Object.freeze(['size', 'crop_size', 'pad_size']);

/** Before a picture is prepared: pixels are made by what the folder says, however small the picture is.
 * @param {Record<string, any>} prepare the library's image processor @throws {Failure} if one is too large,
 * or none */
export function checkSizes(prepare) {
    for (const field of FIELDS) {
        if (field !== 'pad_size') checkKind(field, prepare[field]);
        const [width, height] = sidesOf(prepare[field]);
        if (width * height <= MOST_PIXELS) continue;
        throw new Failure('model_invalid',
            `preprocessor_config.json: ${field} asks for pictures of ${width} × ${height} pixels`,
            { field, expected: `at most ${MOST_PIXELS} pixels` });
    }
}

/** Pictures may be padded to what has a name. @param {string} field @param {any} size @throws {Failure} */
function checkKind(field, size) {
    if (['undefined', 'number', 'object'].includes(typeof size)) return;
    throw new Failure('model_invalid',
        `preprocessor_config.json: ${field} is ${JSON.stringify(size).slice(0, 40)}`,
        { field, expected: 'a number, or an object of sides' });
}

/** Those of a picture by such a setting, at least where only its shortest edge is named.
 * @param {any} size a number, or as the library takes it by names @returns {[number, number]} */
function sidesOf(size) {
    if (typeof size === 'number') return [size, size];
    const { width, height, max_width: widest, max_height: highest } = size ?? {};
    const { shortest_edge: shortest, longest_edge: longest } = size ?? {};
    const wide = width ?? widest ?? shortest ?? longest ?? 0;
    return [wide, height ?? highest ?? longest ?? wide];
}
