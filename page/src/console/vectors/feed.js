/** Reads vectors from GET /v1/channels: frames of the node protocol one after another, for as long as the view is open. */
import { aligned } from '../../shared/aligned.js';

/** @import { Batch } from './atlas.js' */
/** `end`: bytes of its tensors. @typedef {{type: string, data: any, end: number}} Head */
/** `bytes`: the tensors, and the zeros that follow them. @typedef {Head & {bytes: Uint8Array}} Frame */
/** What a feed calls: for each batch, for what was lost on the way, and when its state changes.
 * @typedef {{batch: (batch: Batch) => void, missed: (rows: number) => void, changed: () => void}} Heard */

/** Rows that the daemon keeps for those who come later, or come again. */
const RECENT = 4096;
const FIRST_PAUSE_MS = 500;
const MOST_PAUSE_MS = 8000;
/** More no batch has: the daemon gathers up to 256 rows of 65,536 numbers. */
const MOST_FRAME = 64 << 20;
/** As the node protocol has it. */
const MOST_HEAD = 1 << 20;
const LENGTH_BYTES = 4;
const ROWS = 'vectors';

/** Cuts bytes into frames, wherever the pieces end. Each is followed by zeros up to a multiple of 8 bytes. */
export class FrameReader {
    /** @type {Uint8Array[]} */
    #pieces = [];
    #size = 0;
    /** Bytes of the frame that has begun, as far as they are known: of its length, of its head, of all of it with the zeros. */
    #wanted = LENGTH_BYTES;
    #section = 0;
    /** @type {Head | null} */
    #head = null;

    /** @param {Uint8Array} piece @returns {Frame[]} the frames that are whole with it */
    push(piece) {
        /** @type {Frame[]} */
        const frames = [];
        this.#pieces.push(piece);
        this.#size += piece.length;
        while (this.#size >= this.#wanted) {
            const bytes = this.#joined();
            if (this.#section === 0) {
                this.#section = this.#wanted = aligned(LENGTH_BYTES + lengthOf(bytes));
            } else if (!this.#head) {
                this.#head = readHead(bytes);
                this.#wanted = this.#section + aligned(this.#head.end);
            } else {
                frames.push({ ...this.#head, bytes: bytes.slice(this.#section, this.#wanted) });
                this.#pieces = [bytes.subarray(this.#wanted)];
                this.#size -= this.#wanted;
                [this.#section, this.#head, this.#wanted] = [0, null, LENGTH_BYTES];
            }
        }
        return frames;
    }

    /** @returns {Uint8Array} all that has come and is in no frame yet */
    #joined() {
        if (this.#pieces.length === 1) return this.#pieces[0];
        const all = new Uint8Array(this.#size);
        let at = 0;
        for (const piece of this.#pieces) all.set(piece, (at += piece.length) - piece.length);
        this.#pieces = [all];
        return all;
    }
}

/** @param {Uint8Array} bytes of a frame that has begun @returns {number} bytes of its head */
function lengthOf(bytes) {
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    if (length > MOST_HEAD) throw new Error('a message of the daemon has too long a head');
    return length;
}

/** @param {Uint8Array} bytes with the head @returns {Head} */
function readHead(bytes) {
    const { type, data } = messageOf(new TextDecoder().decode(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + lengthOf(bytes))));
    const tensors = listOf(data?.tensors), last = /** @type {any} */ (tensors.at(-1)), end = last ? last.offset + last.byte_length : 0;
    if (!Number.isSafeInteger(end) || end < 0 || end > MOST_FRAME) throw new Error('a message of the daemon has a tensor that does not end');
    return { type, data, end };
}

/** @param {string} text @returns {{type: string, data: any}} */
function messageOf(text) {
    try {
        const { type, data } = JSON.parse(text);
        return { type, data };
    } catch {
        throw new Error('a message of the daemon has a head that is no message');
    }
}

/** @param {Frame} frame @returns {Batch | null} its rows; null where it has none, or what is no row */
export function batchOf({ type, data, bytes }) {
    const tensor = /** @type {any} */ (listOf(data?.tensors).find((/** @type {any} */ one) => one?.name === ROWS && one.datatype === 'FP32'));
    if (type !== 'vector_batch' || !tensor) return null;
    const [rows, dimensions] = listOf(tensor.shape).map(Number), { offset, byte_length: size } = tensor;
    if (!(rows > 0 && dimensions > 0) || size !== 4 * rows * dimensions || offset % 8 !== 0 || !(offset >= 0 && offset + size <= bytes.length)) return null;
    return { model: String(data.model_name), dimensions, vectors: new Float32Array(bytes.buffer, offset, rows * dimensions), labels: listOf(data.labels), jobs: listOf(data.jobs) };
}

/** @param {unknown} given @returns {unknown[]} */
const listOf = (given) => (Array.isArray(given) ? given : []);

export class Feed {
    /** @type {'asking' | 'open' | 'lost'} */
    state = 'asking';
    problem = '';
    #leaving = new AbortController();
    #pause = FIRST_PAUSE_MS;
    /** Messages that were heard last, as many as may be among the recent rows, and how often: those of one answer may have the same name.
     * @type {Map<string, number>} */
    #heard = new Map();
    /** Those that had been heard when the connection began: they may come again, and are drawn once. @type {Map<string, number>} */
    #before = new Map();
    /** @type {() => void} */
    #hurry = () => {};

    /** @param {Pick<import('./view.js').Kit, 'readPieces' | 'sentenceOf'>} kit @param {Heard} heard */
    constructor(kit, heard) {
        this.kit = kit;
        this.heard = heard;
        void this.#run();
    }

    stop() {
        this.#leaving.abort();
        this.#hurry();
    }

    /** The daemon answers again: asks at once. */
    hurry() {
        if (this.state === 'lost') this.#hurry();
    }

    async #run() {
        const { signal } = this.#leaving;
        while (!signal.aborted) {
            const leastMs = await this.#tried(signal);
            if (signal.aborted) return;
            this.#turn('lost');
            await this.#rest(leastMs);
        }
    }

    /** @param {AbortSignal} signal @returns {Promise<number>} the pause that the daemon asks for, in milliseconds */
    async #tried(signal) {
        try {
            await this.#once(signal);
            this.problem = '';
            return 0;
        } catch (error) {
            this.problem = this.kit.sentenceOf(error);
            return 1000 * (Number(/** @type {any} */ (error)?.retryAfter) || 0);
        }
    }

    /** @param {number} leastMs */
    async #rest(leastMs) {
        await new Promise((resolve) => {
            const timer = setTimeout(resolve, Math.max(leastMs, this.#pause));
            this.#hurry = () => {
                clearTimeout(timer);
                resolve(undefined);
            };
        });
        this.#pause = Math.min(2 * this.#pause, MOST_PAUSE_MS);
    }

    /** Reads one answer until it ends. @param {AbortSignal} signal */
    #once(signal) {
        const frames = new FrameReader();
        this.#before = new Map(this.#heard);
        return this.kit.readPieces(`/v1/channels?names=vector_updates&recent=${RECENT}`, { headers: { Accept: 'application/octet-stream' }, signal }, (piece) => {
            for (const frame of frames.push(piece)) this.#take(frame);
        }, () => {
            this.#pause = FIRST_PAUSE_MS;
            this.#turn('open');
        });
    }

    /** @param {Frame} frame */
    #take(frame) {
        const batch = batchOf(frame);
        if (batch) this.#hear(batch, `${frame.data.timestamp} ${batch.jobs.at(-1)}`);
        else if (frame.type === 'missed') this.heard.missed(Number(frame.data?.count) || 0);
    }

    /** @param {Batch} batch @param {string} name the same where it comes again, also without its first rows */
    #hear(batch, name) {
        const again = this.#before.get(name) ?? 0;
        if (again > 0) return void this.#before.set(name, again - 1);
        this.#heard.set(name, (this.#heard.get(name) ?? 0) + 1);
        if (this.#heard.size > RECENT) this.#heard.delete(/** @type {string} */ (this.#heard.keys().next().value));
        this.heard.batch(batch);
    }

    /** @param {'asking' | 'open' | 'lost'} state */
    #turn(state) {
        this.state = state;
        this.heard.changed();
    }
}
