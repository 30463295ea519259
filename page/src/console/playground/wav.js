/** Sound as a WAV file of 16-bit samples, one channel. */

/** @param {Float32Array} samples from -1 to 1 @param {number} rate in each second @returns {Uint8Array<ArrayBuffer>} */
export function wavOf(samples, rate) {
    const bytes = new Uint8Array(44 + 2 * samples.length), view = new DataView(bytes.buffer);
    const text = (/** @type {number} */ at, /** @type {string} */ signs) => [...signs].forEach((sign, i) => view.setUint8(at + i, sign.charCodeAt(0)));
    text(0, 'RIFF');
    view.setUint32(4, 36 + 2 * samples.length, true);
    text(8, 'WAVEfmt ');
    view.setUint32(16, 16, true);
    view.setUint16(20, 1, true); // PCM
    view.setUint16(22, 1, true); // channels
    view.setUint32(24, rate, true);
    view.setUint32(28, 2 * rate, true);
    view.setUint16(32, 2, true);
    view.setUint16(34, 16, true);
    text(36, 'data');
    view.setUint32(40, 2 * samples.length, true);
    bytes.set(pcmOf(samples), 44);
    return bytes;
}

/** The samples alone, as 16 bits each. @param {Float32Array} samples from -1 to 1 @returns {Uint8Array<ArrayBuffer>} */
export function pcmOf(samples) {
    const bytes = new Uint8Array(2 * samples.length), view = new DataView(bytes.buffer);
    samples.forEach((sample, i) => view.setInt16(2 * i, Math.round(Math.max(-1, Math.min(1, sample)) * 32767), true));
    return bytes;
}

/** @param {Float32Array} samples @returns {number} the loudest, 0 to 1 */
export const loudest = (samples) => samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
