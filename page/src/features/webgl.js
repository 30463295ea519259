/** Tests drawing with WebGL 2: the result is read back and checked. */
import { adapterOf, anyContextOf, contextOf, drawsColours, drawsRight, letGo } from '../shared/webgl.js';
import { mustBeRight, nameOf, no, onAdapter } from './finding.js';

/** @import { Finding } from './finding.js' */

/** @param {WebGL2RenderingContext | null} gl @param {string} reason why there is none
 * @param {(gl: WebGL2RenderingContext) => boolean} draws whether it draws right @returns {Finding} */
function drawn(gl, reason, draws) {
    if (!gl) return no(reason);
    const adapter = adapterOf(gl);
    try {
        mustBeRight(draws(gl));
        return onAdapter(adapter, nameOf(adapter));
    } finally {
        letGo(gl);
    }
}

/** @param {import('./table.js').Tools} tools */
export const findWebgl = ({ canvas }) => drawn(anyContextOf(canvas()), 'there is no WebGL 2 context', drawsColours);

/** Textures of 32-bit floats that are drawn to. @param {import('./table.js').Tools} tools */
export function findWebglFloats({ canvas }) {
    const { gl, reason } = contextOf(canvas());
    return drawn(gl, reason, drawsRight);
}
