/** Numbers that came in parts, as one array. */

/** @template {Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>} T @param {{new (length: number): T}} Type
 * @param {readonly ArrayLike<number>[]} parts @returns {T} a new array */
export function joined(Type, parts) {
    const all = new Type(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
        all.set(part, at);
        at += part.length;
    }
    return all;
}
