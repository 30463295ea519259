/** Decodes sound for the engine workers, which have no AudioContext. */

/** @import { DecodeSound, DecodedSound } from '../shared/messages.js' */

/** The last decoding. */
let last = Promise.resolve();

/** Answers at the message's port; never throws. Sounds are decoded one after the other: a sound takes much memory, and
 * decoding cannot be stopped when its result is no longer wanted. @param {DecodeSound} message */
export function decodeSound(message) {
    last = last.then(() => decode(message));
    return last;
}

/** @param {DecodeSound} message */
async function decode({ bytes, rate, max_samples: most, port }) {
    /** @type {DecodedSound} */
    let reply;
    try {
        // The context's length does not matter, because nothing is rendered. The decoded sound gets its rate.
        const decoded = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes.buffer);
        reply = decoded.length > most ? { seconds: decoded.duration } : { samples: mix(decoded) };
    } catch (error) {
        reply = { error: String(error).slice(0, 200) };
    }
    port.postMessage(reply, reply.samples ? [reply.samples.buffer] : []);
    port.close();
}

/** The mean of all channels. @param {AudioBuffer} sound */
function mix(sound) {
    const samples = new Float32Array(sound.length);
    for (let channel = 0; channel < sound.numberOfChannels; channel++) {
        const data = sound.getChannelData(channel);
        for (let i = 0; i < data.length; i++) samples[i] += data[i] / sound.numberOfChannels;
    }
    return samples;
}
