/** CRC-32 (ISO 3309; PNG, annex D). */

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320 ^ c >>> 1 : c >>> 1;
    return c;
});

/** @param {readonly Uint8Array[]} parts */
export function checksum(parts) {
    let c = 0xffffffff;
    for (const part of parts) {
        for (let i = 0; i < part.length; i++) c = CRC[(c ^ part[i]) & 0xff] ^ c >>> 8;
    }
    return (c ^ 0xffffffff) >>> 0;
}
