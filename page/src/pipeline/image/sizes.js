/** How large a folder's preprocessor_config.json may have pictures made for its model. */
import { Failure } from '../../engine/failure.js';

/** @import { Sides } from './settings.js' */
/** Pixels of a picture that a model takes, of which each has twelve bytes then: those in the field take up to
 * some four million. */
export const MOST_PIXELS = 1 << 24;

/** Before a picture is prepared: pixels are made by what the folder says, however small the picture is.
 * @param {Record<string, Sides | undefined>} fields of the file @throws {Failure} if one is too large */
export function checkSizes(fields) {
    for (const [field, sides] of Object.entries(fields)) {
        const [width, height] = leastOf(sides ?? {});
        if (width * height <= MOST_PIXELS) continue;
        throw new Failure('model_invalid',
            `preprocessor_config.json: ${field} asks for pictures of ${width} × ${height} pixels`,
            { field, expected: `at most ${MOST_PIXELS} pixels` });
    }
}

/** Those of a picture, at least where only its shortest edge is named. @param {Sides} sides @returns {[number, number]} */
function leastOf({ width, height, max_width: widest, max_height: highest, shortest_edge: shortest, longest_edge: longest }) {
    const wide = width ?? widest ?? shortest ?? longest ?? 0;
    return [wide, height ?? highest ?? longest ?? wide];
}
