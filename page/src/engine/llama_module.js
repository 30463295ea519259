/**
 * llama.cpp's server in WASM, as the packages @wllama/wllama and @wllama/wllama-compat build it, in the
 * worker that uses it: starts it, and calls its actions one after another. After an abort or a trap it
 * cannot be used any more.
 */
import { glueDeserialize, glueSerialize } from '@wllama/wllama/src/glue/glue';
import { EngineFault } from './engine.js';
import { fetchOwn, letGo } from './fetch.js';
import { checkNarrow } from './llama_files.js';
import { ActionError, errorLine, failureOfEnd } from './llama_failure.js';

/** @import { LlamaFiles } from './llama_files.js' */
/** Which build: its module and binary, of how many bytes, what its further threads run, and whether its memory has
 * 64-bit addresses. @typedef {{name: string, script: string, wasm: string, bytes: number, thread: string, wide: boolean}} Build */

const FOLDER = 'models';
/** Its message about the memory that it takes on a GPU, and its purpose: the only sign that it computes there. */
const ON_GPU = /\bWebGPU\w* +(\w+) buffer size = +([\d.]+) MiB/;
/** Where llama.cpp reads how many tokens of a prompt a step takes (page/llama_binary.mjs); 0: as many as a batch has. */
const CHUNK = 1016;
/** The message of emscripten's script about a thread's worker that has failed. */
const THREAD_FAILED = /^worker sent an error/;

export class LlamaModule {
    /** @param {Build} build @param {LlamaFiles} files @param {number} threads */
    constructor(build, files, threads) {
        this.build = build;
        this.threads = threads;
        this._files = files;
        /** The emscripten module. @type {any} */
        this._em = undefined;
        this._binary = new ArrayBuffer(0);
        /** The exception from reading a file: llama.cpp only sees that it failed. @type {unknown} */
        this._readFailed = undefined;
        /** llama.cpp's messages about errors in the present call. */
        this._firstError = this._lastError = '';
        this._aborted = '';
        /** Bytes of weights, caches and results on a GPU, as llama.cpp reports them; and bytes of weights only. */
        this.onGpu = this.weightsOnGpu = 0;
        /** The call before the next one. @type {Promise<unknown>} */
        this._last = Promise.resolve();
    }

    /** Gets the binary. To come before `start`, which has a limit of time: this takes what the line takes.
     * @param {(loaded: number, total: number) => void} onProgress @throws {Failure} */
    async fetch(onProgress) {
        if (!this.build.wide) checkNarrow(this._files.list());
        this._binary = await fetchOwn(this.build.wasm, this.build.bytes, onProgress);
    }

    async start() {
        await this._instantiate();
        letGo(this._binary);
        const pointer = this.build.wide ? 'bigint' : 'number';
        this._malloc = this._em.cwrap('wllama_malloc', pointer, ['number', pointer]);
        this._act = this._em.cwrap('wllama_action', pointer, ['string', pointer], { async: true });
        this._em.FS.mkdir(`/${FOLDER}`);
        for (const { name, bytes } of this._files.list()) {
            this._em.FS.createDataFile(`/${FOLDER}`, name, new Uint8Array(0), true, false, false);
            // It is read through _read, but measured here.
            this._em.FS.lookupPath(`/${FOLDER}/${name}`).node.usedBytes = bytes;
        }
        await this._em.cwrap('wllama_start', 'string', [], { async: true })();
    }

    /** Brings up the binary, and the workers of its further threads: it cannot wait for one that it finds
     * missing later. */
    async _instantiate() {
        const { default: begin } = await import(this.build.script);
        this._em = await new Promise((resolve, reject) => {
            const fail = (/** @type {string} */ why) => {
                this._aborted = why;
                reject(this._fault());
            };
            /** @type {Record<string, any>} */
            const em = {
                noInitialRun: true, pthreadPoolSize: this.threads > 1 ? this.threads : 0,
                mainScriptUrlOrBlob: this.build.thread, wasmBinary: this._binary, print: () => {},
                printErr: (/** @type {string} */ line) =>
                    (THREAD_FAILED.test(line) ? fail(line) : this._note(line)),
                onAbort: (/** @type {unknown} */ why) => fail(String(why ?? 'abort()')),
                preRun: () => { em.ENV.USE_ASYNC_FILE = '1'; },
                onRuntimeInitialized: () => resolve(em),
            };
            begin(em, (/** @type {string} */ path, /** @type {number} */ offset, /** @type {number} */ size,
                /** @type {number} */ pointer) => this._read(path, offset, size, pointer));
        });
    }

    /** It is not needed any more: its threads would keep its memory. */
    end() {
        this._aborted ||= 'it was given up';
        this._em?.endThreads();
    }

    /** From the next step on, so many tokens of a prompt are read in each. @param {number} tokens at most those of a batch */
    readBy(tokens) {
        new DataView(this._em.wasmMemory.buffer).setUint32(CHUNK, tokens, true);
    }

    /** The files' paths inside. */
    paths() {
        return this._files.list().map(({ name }) => `${FOLDER}/${name}`);
    }

    /**
     * @param {string} action @param {Record<string, any>} message @returns {Promise<any>} its answer
     * @throws {ActionError | EngineFault | Failure}
     */
    action(action, message) {
        const call = this._last.then(() => this._call(action, message));
        this._last = call.catch(() => {});
        return call;
    }

    /** @param {string} action @param {Record<string, any>} message */
    async _call(action, message) {
        if (this._aborted) throw this._fault();
        this._firstError = this._lastError = '';
        this._readFailed = undefined;
        const bytes = glueSerialize(/** @type {any} */ (message));
        let input = 0, output = 0;
        try {
            const size = this.build.wide ? BigInt(bytes.length) : bytes.length;
            input = this._unsigned(/** @type {Function} */ (this._malloc)(size, 0));
            this._heap().set(bytes, input);
            const question = this.build.wide ? BigInt(input) : input;
            output = this._unsigned(await /** @type {Function} */ (this._act)(action, question));
        } catch (thrown) {
            if (this._readFailed) throw this._readFailed;
            this._aborted ||= String(thrown);
            throw this._fault();
        }
        if (this._readFailed) throw this._readFailed;
        if (output === 0) throw new ActionError(this._lastError || `the action ${action} failed`);
        // The answer's length is at the question's address.
        const length = new DataView(this._em.wasmMemory.buffer).getUint32(input, true);
        return glueDeserialize(this._heap().slice(output, output + length));
    }

    /** Why the last call has failed: what llama.cpp said of it first, mostly the cause of the rest. */
    get cause() {
        return this._firstError;
    }

    _fault() {
        return new EngineFault(failureOfEnd(this._aborted, this._lastError));
    }

    /** The build's addresses in memory and positions in files: with 32-bit addresses, the upper half arrives as negative
     * numbers. @param {number | bigint} value */
    _unsigned(value) {
        return this.build.wide ? Number(value) : Number(value) >>> 0;
    }

    _heap() {
        return new Uint8Array(this._em.wasmMemory.buffer);
    }

    /** @param {string} line */
    _note(line) {
        this._noteMemory(line);
        const error = errorLine(line);
        if (!error) return;
        this._lastError = error;
        this._firstError ||= error;
    }

    /** @param {string} line */
    _noteMemory(line) {
        const [, what, mebibytes = '0'] = ON_GPU.exec(line) ?? [], bytes = Math.round(Number(mebibytes) * 1048576);
        this.onGpu += bytes;
        if (what === 'model') this.weightsOnGpu += bytes;
    }

    /** @param {string} path @param {number} offset @param {number} size @param {number} pointer */
    async _read(path, offset, size, pointer) {
        const name = path.slice(path.lastIndexOf('/') + 1);
        let length = 0;
        try {
            const begin = this._unsigned(pointer);
            length = await this._files.read(name, this._unsigned(offset), this._unsigned(size),
                (at) => this._heap().subarray(begin + at));
        } catch (thrown) {
            this._readFailed = thrown;
        }
        return this.build.wide ? BigInt(length) : length;
    }
}
