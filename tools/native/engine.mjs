/**
 * The engine worker for `native`: the page's, over onnxruntime-node in the place of onnxruntime-web. It runs nothing while
 * a session computes, as that of the page does on one thread.
 */
import './worker.mjs';
import ort from 'onnxruntime-node';
import { BuiltinEngine } from '../../page/src/engine/builtin.js';
import { isProfiled } from '../../page/src/engine/engine.js';
import { Failure } from '../../page/src/engine/failure.js';
import { OrtEngine } from '../../page/src/engine/ort.js';
import { serve, Server } from '../../page/src/engine/serve.js';
import { Turns } from '../../page/src/engine/turns.js';
import { WasmEngine } from '../../page/src/engine/wasm.js';
import { sizeOf } from '../../page/src/shared/model.js';

/** Sessions of onnxruntime-node, whose threads are each session's own. */
class NativeOrt extends OrtEngine {
    /** @param {Turns} turns */
    constructor(turns) {
        super(/** @type {any} */ (ort), /** @type {any} */ ('native'), { mjs: '', wasm: '', bytes: 0 }, turns, () => 'cpu');
        this.version = ort.env.versions.node ?? '';
        /** Bytes of each that is loaded. @type {Map<string, number>} */
        this._sizes = new Map();
    }

    /** @param {import('../../page/src/shared/messages.js').EngineSettings} settings */
    configure(settings) {
        super.configure(settings);
        this._threads = settings.threads;
    }

    get threads() {
        return this._threads;
    }

    /** It is up as soon as it is imported. */
    async start() {}

    /** @param {import('../../page/src/shared/messages.js').RunMessage} task */
    sessionOptions(task) {
        return { ...super.sessionOptions(task), intraOpNumThreads: this._threads, interOpNumThreads: 1 };
    }

    /** @type {OrtEngine['load']} */
    async load(task, ...rest) {
        // onnxruntime-node would write its events to a file in the working directory.
        if (isProfiled(task)) throw new Failure('platform_unsupported', 'a native node makes no profiles', { field: 'profile', expected: 'the platform wasm' });
        await super.load(task, ...rest);
        this._sizes.set(task.key, sizeOf(task.model));
    }

    /** @param {string} key */
    async unload(key) {
        this._sizes.delete(key);
        await super.unload(key);
    }

    /** What its models have on disk: onnxruntime-node does not tell what it has taken. */
    memory() {
        return [...this._sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
    }

    /** @type {OrtEngine['run']} */
    async run(task, run) {
        if (task.input?.image) throw new Failure('platform_unsupported', 'a native node decodes no pictures: send tensors');
        return super.run(task, run);
    }
}

const turns = new Turns(), [all, one] = [new NativeOrt(turns), new NativeOrt(turns)];
serve(new Server('native', [new WasmEngine(all, one), new BuiltinEngine()], async () => ({ available: true }), turns));
