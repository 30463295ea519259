/**
 * Kernels on WebGL 2, from the GLSL in shaders/: a fragment shader makes a texel, which is four elements of a tensor one
 * after the other. A tensor is a texture of RGBA32F in rows of so many texels that each is large enough. Where WebGL is in
 * the document alone, this runs there: so nothing here takes long without letting the event loop turn.
 */
import { yieldOnce } from '../shared/yield.js';
import { adapterOf, contextOf, letGo, programOf } from '../shared/webgl.js';
import { Failure } from './failure.js';
import { GlTextures, TEXEL_BYTES } from './gl_textures.js';
import { numberOptions, sizeNames } from './kernel_call.js';
import { makingsOf, valueOf } from './kernel_plan.js';
import { KERNEL_RULES } from './kernel_rules.js';

/** @import { KernelCall, KernelOutput, KernelRule } from './kernels.js' */
/** @import { DrawPlan, Making } from './kernel_plan.js' */
/** Its GLSL, without what the rule says. @typedef {{glsl: string, plan: DrawPlan}} Fragments */
/** @typedef {{program: WebGLProgram, places: Map<string, WebGLUniformLocation | null>}} Compiled `places`: of its uniforms */
/** @typedef {{texture: WebGLTexture, texels: number}} Held */
/** Callbacks for news of the context. @typedef {{made: (adapter: import('../shared/messages.js').Adapter) => void,
 *   lost: (reason: string, message: string) => void}} News */

/** Texels in a row, as far as there are so many. */
const WIDTH = 4096;
/** A slice of draws should take about half as long. */
const SLICE_MS = 50;
/** In rounds of a texel; at first in a run, and within limits. */
const WORK = Object.freeze({ first: 2 ** 16, least: 2 ** 12, most: 2 ** 34 });
/** Rows that are uploaded, or read, at a time. */
const STRIP_ROWS = 64;
/** A GPU that has not finished a slice after this time hangs: a slice that ends does not take 200 times as long as it should. */
const HUNG_MS = 10000;
/** A fence is looked at whenever the event loop turns, then after this share of the time waited so far. */
const SPIN_MS = 4;
const SHARE = 1 / 8;
const LAST_MS = 50;
/** The time between two looks counts as at most this long: the machine may have slept. */
const LOOK_MS = 1000;

/** @implements {Backend} @typedef {import('./kernels.js').Backend} Backend */
export class GlKernels {
    /** @param {() => OffscreenCanvas | any} makeCanvas @param {Readonly<Record<string, Fragments>>} fragments @param {News} news */
    constructor(makeCanvas, fragments, news) {
        /** @type {number | null} */
        this.threads = null;
        this.takesHalves = false;
        /** Which adapter is preferred. @type {import('../shared/webgl.js').Power} */
        this.power = 'high-performance';
        this._makeCanvas = makeCanvas;
        this._fragments = fragments;
        this._news = news;
        /** @type {WebGL2RenderingContext | null} */
        this._gl = null;
        /** @type {GlTextures | null} */
        this._textures = null;
        /** By kernel and function. @type {Map<string, Compiled>} */
        this._compiled = new Map();
        /** Kept bytes, and their textures. @type {Map<Uint8Array, Held>} */
        this._kept = new Map();
    }

    get isLoaded() {
        return this._gl !== null;
    }

    async load() {
        const canvas = this._makeCanvas(), { gl, reason } = contextOf(canvas, this.power);
        if (!gl) throw new Failure('platform_unsupported', reason);
        canvas.addEventListener('webglcontextlost', () => {
            if (this._gl === gl) this._news.lost('unknown', 'the WebGL context is gone');
        });
        this._gl = gl;
        this._textures = new GlTextures(gl, Math.min(WIDTH, 2 ** Math.floor(Math.log2(gl.getParameter(gl.MAX_TEXTURE_SIZE)))));
        this._news.made(adapterOf(gl));
    }

    /** A running task ends at its next slice. */
    unload() {
        const gl = this._gl;
        this._gl = this._textures = null;
        this._compiled.clear();
        this._kept.clear();
        if (gl) letGo(gl);
    }

    memory() {
        return this._textures?.bytes ?? 0;
    }

    /** Textures that it holds. */
    get buffers() {
        return this._textures?.count ?? 0;
    }

    /** @param {readonly string[]} kernels @param {readonly Uint8Array[]} kept */
    async prepare(kernels, kept) {
        for (const bytes of kept) await this._keep(bytes);
        for (const kernel of kernels) {
            const { draws } = this._fragments[kernel].plan;
            for (const { entry } of draws.flatMap(({ makes }) => makes)) this._compile(kernel, entry);
            await yieldOnce();
        }
    }

    /** @param {readonly Uint8Array[]} kept */
    forget(kept) {
        for (const bytes of kept) {
            this._textures?.give(this._kept.get(bytes)?.texture);
            this._kept.delete(bytes);
        }
    }

    /** @param {readonly KernelCall[]} calls @returns {Promise<KernelOutput>} */
    async run(calls) {
        const last = calls[calls.length - 1];
        if (last.elements === 0) return { bytes: new Uint8Array(0) };
        /** @type {Held[]} */
        const outputs = [];
        try {
            for (const call of calls) outputs.push(await this._compute(call, outputs));
            const run = this._begin();
            run.adopt('output', outputs[outputs.length - 1]);
            return { bytes: await run.take('output', 4 * last.elements).finally(() => run.end()) };
        } finally {
            for (const { texture } of outputs) this._textures?.give(texture);
        }
    }

    _begin() {
        const textures = /** @type {GlTextures} */ (this._textures);
        return new Run(textures, () => this._textures === textures);
    }

    /** The texture of what comes with each run. @param {Uint8Array} bytes @returns {Promise<Held>} */
    async _keep(bytes) {
        const known = this._kept.get(bytes);
        if (known) return known;
        const run = this._begin();
        await run.bring('kept', bytes);
        const held = run.release('kept');
        run.end();
        this._kept.set(bytes, held);
        return held;
    }

    /** @param {KernelCall} call @param {readonly Held[]} earlier what the calls before have put out @returns {Promise<Held>} */
    async _compute(call, earlier) {
        const { inputs, output: [output] } = KERNEL_RULES[call.kernel], { plan } = this._fragments[call.kernel];
        const kept = await Promise.all(call.inputs.map((input) => ('bytes' in input && input.isKept ? this._keep(input.bytes) : null)));
        const run = this._begin();
        try {
            for (const [i, input] of call.inputs.entries()) {
                const [name] = inputs[i], held = 'from' in input ? earlier[input.from] : kept[i];
                if (held) run.adopt(name, held);
                else if ('bytes' in input) await run.bring(name, input.bytes);
            }
            run.expect(output, Math.ceil(call.elements / 4));
            for (const [name, texels] of Object.entries(plan.textures ?? {})) run.expect(name, valueOf(texels, call.sizes));
            for (const making of makingsOf(plan, call.sizes, output)) {
                await run.draw(this._compile(call.kernel, making.entry), call, making);
            }
            return run.release(output);
        } finally {
            run.end();
        }
    }

    /** @param {string} kernel @param {string} entry @returns {Compiled} */
    _compile(kernel, entry) {
        const name = `${kernel} ${entry}`, gl = /** @type {WebGL2RenderingContext} */ (this._gl);
        const known = this._compiled.get(name)
            ?? compile(gl, sourceOf(KERNEL_RULES[kernel], this._fragments[kernel], /** @type {GlTextures} */ (this._textures).width, entry));
        this._compiled.set(name, known);
        return known;
    }
}

/** The textures of one call, by the names of what they are of, and how much is drawn at a time. */
class Run {
    /** @param {GlTextures} pool @param {() => boolean} isWanted */
    constructor(pool, isWanted) {
        const { gl } = pool;
        this.gl = gl;
        this.width = pool.width;
        this._pool = pool;
        this._isWanted = isWanted;
        /** @type {Map<string, WebGLTexture>} */
        this._textures = new Map();
        /** The spare texture of each that is made in alternation; it is drawn to next. @type {Map<string, WebGLTexture>} */
        this._spare = new Map();
        /** @type {Map<string, number>} */
        this._texels = new Map();
        /** Those that are there for others as well. @type {Set<WebGLTexture>} */
        this._others = new Set();
        this._work = WORK.first;
        this._undone = 0; /* drawn since the work was last known to be done */
        this._since = performance.now(); /* the event loop turned last */
        gl.enable(gl.SCISSOR_TEST);
    }

    end() {
        for (const texture of [...this._textures.values(), ...this._spare.values()]) {
            if (!this._others.has(texture)) this._pool.give(texture);
        }
    }

    /** Has what another has made. @param {string} name @param {Held} held */
    adopt(name, { texture, texels }) {
        this._others.add(texture);
        this._texels.set(name, texels);
        this._textures.set(name, texture);
    }

    /** Gives away what was made. @param {string} name @returns {Held} */
    release(name) {
        const texture = /** @type {WebGLTexture} */ (this._textures.get(name));
        this._others.add(texture);
        return { texture, texels: this._texels.get(name) ?? 0 };
    }

    /** Says how large a texture will be. @param {string} name @param {number} texels */
    expect(name, texels) {
        const most = this.gl.getParameter(this.gl.MAX_TEXTURE_SIZE) * this.width;
        if (texels > most) {
            throw new Failure('platform_unsupported', `a texture of ${name} would have ${texels} texels`,
                { field: 'inputs', expected: `at most ${most} texels of four elements` });
        }
        this._texels.set(name, texels);
    }

    /** Makes the texture of an input. @param {string} name @param {Uint8Array} bytes */
    async bring(name, bytes) {
        const { gl, width } = this, texels = Math.ceil(bytes.length / TEXEL_BYTES);
        this.expect(name, texels);
        const floats = floatsOf(bytes), texture = this._make(name);
        this._textures.set(name, texture);
        for (let row = 0, step; row * width < texels; row += step) {
            const left = texels - row * width;
            step = Math.max(1, Math.min(STRIP_ROWS, Math.floor(left / width)));
            const across = Math.min(width, left);
            const some = floats.subarray(4 * row * width, 4 * (row * width + step * across));
            gl.bindTexture(gl.TEXTURE_2D, texture);
            gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, across, step, gl.RGBA, gl.FLOAT, some);
            await this._breathe();
        }
    }

    /** @param {string} name @returns {WebGLTexture} all 0 */
    _make(name) {
        const texture = this._pool.take(this._texels.get(name) ?? 0);
        this._check();
        return texture;
    }

    /** @param {string} name */
    _sizeOf(name) {
        const texels = Math.max(1, this._texels.get(name) ?? 0);
        return { across: Math.min(texels, this.width), rows: Math.ceil(texels / this.width) };
    }

    /** Makes a texture, or makes it again from its present contents. @param {Compiled} compiled @param {KernelCall} call @param {Making} making */
    async draw(compiled, call, making) {
        const { gl } = this, { to, rounds } = making, texture = this._spare.get(to) ?? this._make(to);
        const { across, rows } = this._sizeOf(to);
        this._spare.delete(to);
        gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
        gl.viewport(0, 0, across, rows);
        this._set(compiled, call, making);
        for (let row = 0, column = 0; row < rows;) {
            const some = Math.max(1, Math.floor(this._work / rounds)), isWhole = column === 0 && some >= across;
            const width = Math.min(across - column, some), height = isWhole ? Math.min(rows - row, Math.floor(some / across)) : 1;
            gl.scissor(column, row, width, height);
            gl.drawArrays(gl.TRIANGLES, 0, 3);
            await this._pace(width * height * rounds);
            column = (column + width) % across;
            if (column === 0) row += height;
        }
        const before = this._textures.get(to);
        if (before) this._spare.set(to, before);
        this._textures.set(to, texture);
    }

    /** @param {Compiled} compiled @param {KernelCall} call @param {Making} making */
    _set({ program, places }, { kernel, sizes, options }, { begin, end }) {
        const { gl } = this, named = numberOptions(KERNEL_RULES[kernel]);
        gl.useProgram(program);
        const whole = [...sizes, /** @type {const} */ (['begin', begin]), /** @type {const} */ (['end', end])];
        for (const [name, value] of whole) gl.uniform1i(places.get(`call.${name}`) ?? null, value);
        for (const [i, { name }] of named.entries()) gl.uniform1f(places.get(`call.${name}`) ?? null, options[i]);
        let unit = 0;
        for (const name of this._texels.keys()) {
            gl.activeTexture(gl.TEXTURE0 + unit);
            gl.bindTexture(gl.TEXTURE_2D, this._textures.get(name) ?? null);
            gl.uniform1i(places.get(name) ?? null, unit++);
        }
    }

    /** Waits for what was drawn once it is enough, and fits the next slice to the time that this one took.
     * @param {number} work that was drawn now */
    async _pace(work) {
        this._undone += work;
        if (this._undone < this._work) return;
        const began = performance.now();
        await this._finish();
        const fitting = this._work * Math.min(2, SLICE_MS / 2 / (performance.now() - began));
        this._work = Math.min(WORK.most, Math.max(WORK.least, fitting));
        this._undone = 0;
    }

    /** Waits until the GPU has drawn everything. No call blocks meanwhile: one that does could not be ended if the GPU hangs.
     * @throws {Failure} engine_hung */
    async _finish() {
        const { gl } = this, fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
        gl.flush();
        for (let waited = 0, looked = performance.now(); fence && gl.clientWaitSync(fence, 0, 0) === gl.TIMEOUT_EXPIRED;) {
            if (waited > HUNG_MS) throw new Failure('engine_hung', `the GPU did not finish a part of a kernel within ${HUNG_MS / 1000} s`);
            await yieldOnce();
            if (waited > SPIN_MS) await sleep(Math.min(LAST_MS, waited * SHARE)); // a timer that is set in another's handler is slowed down
            this._checkWanted();
            const now = performance.now();
            waited += Math.min(LOOK_MS, now - looked);
            looked = now;
        }
        gl.deleteSync(fence);
        this._check();
        await this._breathe();
    }

    /** Reads what was made. @param {string} name @param {number} bytes @returns {Promise<Uint8Array>} */
    async take(name, bytes) {
        await this._finish();
        const { gl, width } = this, { across, rows } = this._sizeOf(name);
        const floats = new Float32Array(4 * across * rows);
        gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this._textures.get(name) ?? null, 0);
        for (let row = 0; row < rows; row += STRIP_ROWS) {
            const step = Math.min(STRIP_ROWS, rows - row);
            gl.readPixels(0, row, across, step, gl.RGBA, gl.FLOAT, floats, 4 * row * width);
            this._check();
            await this._breathe();
        }
        return new Uint8Array(floats.buffer, 0, bytes);
    }

    /** Lets the event loop turn, where it has not for half a slice. */
    async _breathe() {
        if (performance.now() - this._since < SLICE_MS / 2) return;
        await yieldOnce();
        this._since = performance.now();
        this._checkWanted();
    }

    _checkWanted() {
        if (!this._isWanted()) throw new Error('the kernel was ended');
    }

    /** Throws what WebGL has to say. */
    _check() {
        const { gl } = this, error = gl.getError();
        if (gl.isContextLost()) throw new Error('the WebGL device is lost');
        if (error === gl.OUT_OF_MEMORY) throw new Error('out of memory: WebGL has none for the tensors');
        if (error !== gl.NO_ERROR) throw new Error(`WebGL reports the error ${error}`);
    }
}

/** @param {number} ms @returns {Promise<void>} */
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** As many as fill their last texel. @param {Uint8Array} bytes */
function floatsOf(bytes) {
    const count = 4 * Math.ceil(bytes.length / TEXEL_BYTES);
    if (bytes.byteOffset % 4 === 0 && 4 * count === bytes.length) return new Float32Array(bytes.buffer, bytes.byteOffset, count);
    const whole = new Uint8Array(4 * count);
    whole.set(bytes);
    return new Float32Array(whole.buffer);
}

/** @param {KernelRule} rule @param {Fragments} fragments @param {number} width @param {string} entry */
function sourceOf(rule, { glsl, plan }, width, entry) {
    const members = [...sizeNames(rule), 'begin', 'end'].map((name) => `int ${name};`);
    const numbers = numberOptions(rule).map(({ name }) => `float ${name};`);
    const tensors = [...rule.inputs.map(([name]) => name), rule.output[0], ...Object.keys(plan.textures ?? {})];
    return `const int WIDTH = ${width};
const int WIDTH_BITS = ${Math.log2(width)};
struct Call { ${[...members, ...numbers].join(' ')} };
uniform Call call;
${tensors.map((name) => `uniform sampler2D ${name};`).join('\n')}
${glsl}
void main() { made = ${entry}(int(gl_FragCoord.y) * WIDTH + int(gl_FragCoord.x)); }`;
}

/** @param {WebGL2RenderingContext} gl @param {string} source @returns {Compiled} */
function compile(gl, source) {
    const program = programOf(gl, source), count = gl.getProgramParameter(program, gl.ACTIVE_UNIFORMS);
    const names = Array.from({ length: count }, (_, i) => gl.getActiveUniform(program, i)?.name ?? '');
    return { program, places: new Map(names.map((name) => [name, gl.getUniformLocation(program, name)])) };
}
