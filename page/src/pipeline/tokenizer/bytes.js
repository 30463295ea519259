/** The characters that stand for bytes in a byte-level vocabulary: what is printable in Latin-1 for itself, the others from
 * U+0100 on (GPT-2's `bytes_to_unicode`). */

/** @type {readonly string[]} by byte */
export const CHARACTERS = Object.freeze(byteCharacters());
/** @type {ReadonlyMap<string, number>} */
export const BYTES = new Map(CHARACTERS.map((character, byte) => [character, byte]));

/** @returns {string[]} */
function byteCharacters() {
    let next = 0x100;
    return Array.from({ length: 256 }, (_, byte) => {
        const isPrintable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
        return String.fromCharCode(isPrintable ? byte : next++);
    });
}

const encoder = new TextEncoder();

/** @param {string} text */
export const bytesOf = (text) => encoder.encode(text);

/** @param {string} character */
export const byteCharactersOf = (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x80) return CHARACTERS[code];
    return Array.from(bytesOf(character), (byte) => CHARACTERS[byte]).join('');
};

/** "<0xE6>" @param {number} byte */
export const byteToken = (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
