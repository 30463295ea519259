/** WebGL 2 as kernels need it: with textures of 32-bit floats that can be drawn to. */

import { namesSoftware } from './adapters.js';

/** @import { Adapter } from './messages.js' */

/** Which adapter is preferred where there are two. @typedef {import('./messages.js').PageOptions['power']} Power */

/** Without what kernels need. @param {any} canvas of the document, or of a worker @param {Power} [power]
 * @returns {WebGL2RenderingContext | null} */
export const anyContextOf = (canvas, power = 'high-performance') =>
    canvas.getContext('webgl2', { alpha: false, antialias: false, depth: false, powerPreference: power });

/**
 * @param {any} canvas of the document, or of a worker @param {Power} [power]
 * @returns {{gl: WebGL2RenderingContext | null, reason: string}} why there is none
 */
export function contextOf(canvas, power) {
    const gl = anyContextOf(canvas, power);
    if (!gl) return { gl: null, reason: 'this browser gives no WebGL 2 context' };
    if (gl.getExtension('EXT_color_buffer_float')) return { gl, reason: '' };
    letGo(gl);
    return { gl: null, reason: 'WebGL 2 has no EXT_color_buffer_float here' };
}

/** Without waiting for the garbage collector. @param {WebGL2RenderingContext} gl */
export const letGo = (gl) => gl.getExtension('WEBGL_lose_context')?.loseContext();

/** @param {WebGL2RenderingContext} gl @returns {Adapter} */
export function adapterOf(gl) {
    const info = gl.getExtension('WEBGL_debug_renderer_info');
    const text = (/** @type {number} */ name) => String(gl.getParameter(name) ?? '');
    const description = text(info?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
    return {
        vendor: text(info?.UNMASKED_VENDOR_WEBGL ?? gl.VENDOR), architecture: '', description,
        is_fallback: namesSoftware(description),
    };
}

const HEAD = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
out vec4 made;
`;
const VERTEX = `#version 300 es
void main() { gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0); }`;

/** A program that covers what three vertices without attributes are drawn to.
 * @param {WebGL2RenderingContext} gl @param {string} fragment its shader, which puts a texel into `made` */
export function programOf(gl, fragment) {
    const program = gl.createProgram();
    const shaders = /** @type {const} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, HEAD + fragment]]).map(([type, text]) => {
        const shader = /** @type {WebGLShader} */ (gl.createShader(type));
        gl.shaderSource(shader, text);
        gl.compileShader(shader);
        gl.attachShader(program, shader);
        return shader;
    });
    gl.linkProgram(program);
    if (gl.getProgramParameter(program, gl.LINK_STATUS)) return program;
    const logs = [...shaders.map((shader) => gl.getShaderInfoLog(shader)), gl.getProgramInfoLog(program)];
    throw new Error(gl.isContextLost() ? 'the WebGL device is lost' : `a shader does not compile: ${logs.filter(Boolean).join('; ')}`);
}

/** All 0. @param {WebGL2RenderingContext} gl @param {number} across @param {number} rows */
export function textureOf(gl, across, rows) {
    const texture = gl.createTexture();
    gl.bindTexture(gl.TEXTURE_2D, texture);
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA32F, across, rows);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    return texture;
}

/** Whether it draws what it is to draw. @param {WebGL2RenderingContext} gl */
export function drawsRight(gl) {
    gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer());
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, textureOf(gl, 2, 1), 0);
    gl.viewport(0, 0, 2, 1);
    gl.useProgram(programOf(gl, 'void main() { float x = gl_FragCoord.x; made = vec4(x, x * x, -x, 1.0 / x); }'));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    const found = new Float32Array(8);
    gl.readPixels(0, 0, 2, 1, gl.RGBA, gl.FLOAT, found);
    return [0.5, 0.25, -0.5, 2, 1.5, 2.25, -1.5, 2 / 3].every((value, i) => Math.abs(found[i] - value) < 1e-6);
}

/** Whether it draws colours to its canvas. @param {WebGL2RenderingContext} gl */
export function drawsColours(gl) {
    gl.viewport(0, 0, 2, 1);
    gl.useProgram(programOf(gl, 'void main() { made = vec4(floor(gl_FragCoord.x), 0.2, 0.0, 1.0); }'));
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    const found = new Uint8Array(8);
    gl.readPixels(0, 0, 2, 1, gl.RGBA, gl.UNSIGNED_BYTE, found);
    return [0, 51, 0, 255, 255, 51, 0, 255].every((value, i) => Math.abs(found[i] - value) <= 1);
}

/** Whether workers have it, and not the document alone. */
export const isInWorkers = () => typeof OffscreenCanvas !== 'undefined' && hasContext(new OffscreenCanvas(1, 1));

/** @param {OffscreenCanvas} canvas */
function hasContext(canvas) {
    const { gl } = contextOf(canvas);
    if (gl) letGo(gl);
    return gl !== null;
}
