/** Records a microphone, piece by piece or as a whole until it is stopped, as samples of 16 kHz, as speech models take them. */
import { joined } from '../../shared/joined.js';

/* global RECORDER -- put in by the build: where the worklet is, which the console's policy lets be only a file of its own */
const RATE = 16_000;
/** A recording that is not stopped ends after so many seconds. */
const MOST_SECONDS = 300;

/** @type {Record<string, string>} */
const REASONS = {
    NotAllowedError: 'The browser does not allow this page to use the microphone. Allow it in the address bar, or choose a file.',
    SecurityError: 'The browser does not allow this page to use the microphone. Allow it in the address bar, or choose a file.',
    NotFoundError: 'There is no microphone. Plug one in, or choose a file.',
    NotReadableError: 'The microphone cannot be read: another program may use it.',
};

/** @param {unknown} error @returns {string} a sentence */
export const reasonOf = (error) => (error instanceof Error && REASONS[error.name]) || `The microphone cannot be used: ${error instanceof Error ? error.message : error}`;

/** Hands on what it hears, a tenth of a second or so at a time. */
export class Microphone {
    /** @type {MediaStream | undefined} */
    #stream;
    /** @type {AudioContext | undefined} */
    #context;
    /** @type {AudioWorkletNode | undefined} */
    #node;
    /** @type {(() => void) | undefined} */
    #ended;

    /** @param {(samples: Float32Array) => void} heard gets each piece, which is its own from then on */
    constructor(heard) {
        this.heard = heard;
    }

    /** Samples in a second, once it has started. */
    get rate() {
        return this.#context?.sampleRate ?? RATE;
    }

    /** @throws {Error} with a sentence, if there is no microphone or the page may not use it */
    async start() {
        if (!navigator.mediaDevices?.getUserMedia)
            throw new Error('This page has no microphone: browsers give one only to addresses with https, or of this machine.');
        try {
            this.#stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
            this.#context = new AudioContext();
            await this.#context.audioWorklet.addModule(RECORDER);
            this.#node = new AudioWorkletNode(this.#context, 'recorder', { numberOfOutputs: 0 });
            this.#node.port.onmessage = ({ data }) => (data ? this.heard(data) : this.#ended?.()); // null: those were the last
            this.#context.createMediaStreamSource(this.#stream).connect(this.#node);
            await this.#context.resume();
        } catch (error) {
            this.close();
            throw new Error(reasonOf(error));
        }
    }

    /** Waits for the last piece, and gives it back. */
    async stop() {
        const node = this.#node;
        if (node) {
            const ended = new Promise((resolve) => { this.#ended = () => resolve(undefined); });
            node.port.postMessage('stop');
            await ended;
        }
        this.close();
    }

    /** Gives the microphone back. */
    close() {
        for (const track of this.#stream?.getTracks() ?? []) track.stop();
        void this.#context?.close().catch(() => {});
        this.#stream = this.#context = this.#node = undefined;
    }
}

/** A recording of a microphone until it is stopped. */
export class Recording {
    /** @type {Float32Array[]} */
    #parts = [];
    #count = 0;
    #microphone = new Microphone((samples) => this.#take(samples));

    /** @param {(seconds: number, level: number) => void} heard @param {() => void} full when it has heard as much as it may */
    constructor(heard, full) {
        this.heard = heard;
        this.full = full;
    }

    /** @throws {Error} as the microphone */
    start() {
        return this.#microphone.start();
    }

    /** @returns {Promise<{samples: Float32Array, rate: number}>} the whole recording */
    async stop() {
        const { rate } = this.#microphone;
        await this.#microphone.stop();
        return { samples: await resampled(joined(Float32Array, this.#parts), rate), rate: RATE };
    }

    close() {
        this.#microphone.close();
    }

    /** @param {Float32Array} samples */
    #take(samples) {
        const { rate } = this.#microphone;
        this.#parts.push(samples);
        this.#count += samples.length;
        this.heard(this.#count / rate, loudest(samples));
        if (this.#count > MOST_SECONDS * rate) this.full();
    }
}

/** @param {Float32Array<ArrayBuffer>} samples @param {number} rate @returns {Promise<Float32Array>} with 16,000 in each second */
async function resampled(samples, rate) {
    if (rate === RATE || samples.length === 0) return samples;
    const context = new OfflineAudioContext(1, Math.max(1, Math.round(samples.length * RATE / rate)), RATE);
    const buffer = context.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(samples, 0);
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.start();
    return (await context.startRendering()).getChannelData(0);
}

/** @param {Float32Array} samples @returns {number} the loudest, 0 to 1 */
export const loudest = (samples) => samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
