/** Runs in the audio thread: passes on one channel of the microphone's sound. */

/** @typedef {{port: MessagePort}} Processor */
const { AudioWorkletProcessor: Base, registerProcessor: register } = /** @type {any} */ (globalThis);

/** The number of samples that are passed on at a time: about a tenth of a second. */
const SAMPLES = 4096;

class Recorder extends Base {
    /** @type {Float32Array<ArrayBuffer>} */
    #kept = new Float32Array(SAMPLES);
    #count = 0;
    #isOver = false;

    constructor() {
        super();
        this.port.onmessage = () => { // the person has heard enough
            this.#isOver = true;
            this.#hand();
            this.port.postMessage(null);
        };
    }

    /** @param {Float32Array[][]} inputs @returns {boolean} whether it continues */
    process([channels]) {
        const [heard] = channels ?? [];
        if (heard && !this.#isOver) {
            if (this.#count + heard.length > SAMPLES) this.#hand();
            this.#kept.set(heard, this.#count);
            this.#count += heard.length;
        }
        return !this.#isOver;
    }

    #hand() {
        const samples = this.#kept.slice(0, this.#count);
        this.port.postMessage(samples, [samples.buffer]);
        this.#count = 0;
    }
}

register('recorder', Recorder);
