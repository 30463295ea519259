/** The textures of one WebGL context, by their size: what one run gives back, the next one takes. */
import { textureOf } from '../shared/webgl.js';

export const TEXEL_BYTES = 16; // RGBA32F
/** Larger ones are not kept, nor more bytes than that altogether. */
const KEPT_BYTES = 64 << 20;
const NOTHING = new Float32Array(4);

export class GlTextures {
    /** @param {WebGL2RenderingContext} gl @param {number} width texels in a row, as far as there are so many */
    constructor(gl, width) {
        this.gl = gl;
        this.width = width;
        /** Those that nobody has, by their bytes. @type {Map<number, WebGLTexture[]>} */
        this._free = new Map();
        /** Bytes of each that there is. @type {Map<WebGLTexture, number>} */
        this._bytesOf = new Map();
        this._kept = 0;
        this.bytes = 0; /* of all textures */
        gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer()); // the only one: what is deleted leaves it by itself
    }

    /** The number of all textures. */
    get count() {
        return this._bytesOf.size;
    }

    /** One of at least so many texels, all 0. @param {number} texels @returns {WebGLTexture} */
    take(texels) {
        const room = roomFor(texels), bytes = TEXEL_BYTES * room, free = this._free.get(bytes)?.pop();
        if (free) {
            this._kept -= bytes;
            this._clear(free);
            return free;
        }
        const texture = textureOf(this.gl, Math.min(room, this.width), Math.ceil(room / this.width));
        this._bytesOf.set(texture, bytes);
        this.bytes += bytes;
        return texture;
    }

    /** @param {WebGLTexture | undefined} texture that was taken; one of another context goes with that */
    give(texture) {
        const bytes = texture && this._bytesOf.get(texture);
        if (!bytes) return;
        if (this._kept + bytes > KEPT_BYTES) {
            this._bytesOf.delete(texture);
            this.bytes -= bytes;
            this.gl.deleteTexture(texture);
            return;
        }
        this._kept += bytes;
        this._free.set(bytes, [...this._free.get(bytes) ?? [], texture]);
    }

    /** @param {WebGLTexture} texture */
    _clear(texture) {
        const { gl } = this;
        gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0);
        gl.disable(gl.SCISSOR_TEST);
        gl.clearBufferfv(gl.COLOR, 0, NOTHING);
        gl.enable(gl.SCISSOR_TEST);
    }
}

/** A power of two, as far as they are kept. @param {number} texels */
const roomFor = (texels) => (TEXEL_BYTES * texels > KEPT_BYTES ? texels : 2 ** Math.ceil(Math.log2(Math.max(1, texels))));
