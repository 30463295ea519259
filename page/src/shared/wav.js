/** WAV files of 16-bit PCM, one channel. */

const HEADER_BYTES = 44;
const PCM = 1;

/** @param {Float32Array} samples clipped to -1…1 @param {number} rate in each second @returns {Uint8Array<ArrayBuffer>} */
export function writeWav(samples, rate) {
    const data = pcmOf(samples), bytes = new Uint8Array(HEADER_BYTES + data.length), view = new DataView(bytes.buffer);
    const put = (/** @type {number} */ at, /** @type {string} */ name) => {
        for (let i = 0; i < name.length; i++) bytes[at + i] = name.charCodeAt(i);
    };
    put(0, 'RIFF');
    view.setUint32(4, bytes.length - 8, true);
    put(8, 'WAVE');
    put(12, 'fmt ');
    view.setUint32(16, 16, true);
    view.setUint16(20, PCM, true);
    view.setUint16(22, 1, true); // channels
    view.setUint32(24, rate, true);
    view.setUint32(28, rate * 2, true);
    view.setUint16(32, 2, true);
    view.setUint16(34, 16, true);
    put(36, 'data');
    view.setUint32(40, data.length, true);
    bytes.set(data, HEADER_BYTES);
    return bytes;
}

/** The samples alone, as 16 bits each. @param {Float32Array} samples clipped to -1…1 @returns {Uint8Array<ArrayBuffer>} */
export function pcmOf(samples) {
    const data = new Int16Array(samples.length); // little-endian wherever WASM runs
    for (let i = 0; i < samples.length; i++) {
        const value = Math.round(samples[i] * 32768);
        data[i] = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
    }
    return new Uint8Array(data.buffer);
}
