/** Draws the cloud by WebGL 2: an instance for each point, from one buffer that doubles. */
import { FADE, PIXEL_BYTES } from './camera.js';
import { NUMBERS } from './points.js';
import { letGo } from '../../shared/webgl.js';

/** @import { Look } from './camera.js' */
/** @import { Points } from './points.js' */

/** The same as `rasterise` does. */
const VERTEX = `#version 300 es
layout(location = 0) in vec4 point;
uniform mat3 turn;
uniform vec4 frame; // width, height, pixels for a unit, reach
uniform float halfSize;
uniform vec3 back;
flat out vec3 colour;
void main() {
    vec3 at = point.xyz * turn;
    bool isMarked = point.w < 0.0;
    int packed = int(abs(point.w));
    float depth = isMarked ? 0.0 : clamp(0.5 - at.z / frame.w / 2.0, 0.0, 1.0);
    float reach = isMarked ? 2.0 * halfSize : halfSize;
    vec3 own = vec3(packed >> 16, packed >> 8 & 255, packed & 255) / 255.0;
    colour = mix(own, back, isMarked ? 0.0 : ${FADE} * depth);
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * (2.0 * reach + 1.0);
    vec2 pixel = floor(frame.xy / 2.0 + frame.z * at.xy) - reach + corner;
    gl_Position = vec4(pixel / frame.xy * 2.0 - 1.0, depth * 2.0 - 1.0, 1.0);
}`;
const FRAGMENT = `#version 300 es
precision highp float;
flat in vec3 colour;
out vec4 made;
void main() { made = vec4(colour, 1.0); }`;

/** @implements {Drawing} @typedef {import('./cloud.js').Drawing} Drawing */
export class GlCloud {
    name = 'WebGL';
    /** Vertex buffers that were made. */
    buffers = 1;
    bytes = 0;

    /** @param {WebGL2RenderingContext} gl with depth */
    constructor(gl) {
        this._gl = gl;
        this._program = programOf(gl);
        this._places = Object.fromEntries(['turn', 'frame', 'halfSize', 'back'].map((name) => [name, gl.getUniformLocation(this._program, name)]));
        this._buffer = gl.createBuffer();
        gl.bindBuffer(gl.ARRAY_BUFFER, this._buffer);
        gl.enableVertexAttribArray(0);
        gl.vertexAttribPointer(0, NUMBERS, gl.FLOAT, false, 0, 0);
        gl.vertexAttribDivisor(0, 1);
        gl.enable(gl.DEPTH_TEST);
        gl.depthFunc(gl.LEQUAL);
    }

    get held() {
        const { drawingBufferWidth: width, drawingBufferHeight: height } = this._gl;
        return this.bytes + PIXEL_BYTES * width * height;
    }

    /** @param {Points} points @param {Look} look */
    draw(points, look) {
        this.#upload(points);
        this.#paint(points.count, look);
    }

    /** In a texture that is read back. @param {Points} points @param {Look} look @returns {Promise<Uint8ClampedArray>} RGBA, the upper row first */
    async picture(points, look) {
        const gl = this._gl, { width, height } = look, frame = gl.createFramebuffer(), colours = gl.createTexture(), depths = gl.createRenderbuffer();
        this.#upload(points);
        gl.bindFramebuffer(gl.FRAMEBUFFER, frame);
        gl.bindTexture(gl.TEXTURE_2D, colours);
        gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, width, height);
        gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, colours, 0);
        gl.bindRenderbuffer(gl.RENDERBUFFER, depths);
        gl.renderbufferStorage(gl.RENDERBUFFER, gl.DEPTH_COMPONENT24, width, height);
        gl.framebufferRenderbuffer(gl.FRAMEBUFFER, gl.DEPTH_ATTACHMENT, gl.RENDERBUFFER, depths);
        this.#paint(points.count, look);
        const read = new Uint8Array(4 * width * height), pixels = new Uint8ClampedArray(read.length);
        gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, read);
        for (let row = 0; row < height; row++) pixels.set(read.subarray(4 * width * row, 4 * width * (row + 1)), 4 * width * (height - 1 - row));
        gl.bindFramebuffer(gl.FRAMEBUFFER, null);
        gl.deleteTexture(colours);
        gl.deleteRenderbuffer(depths);
        gl.deleteFramebuffer(frame);
        return pixels;
    }

    stop() {
        letGo(this._gl);
    }

    /** @param {Points} points */
    #upload(points) {
        const gl = this._gl, { data } = points, { begin, end } = points.take();
        if (this.bytes < data.byteLength) {
            this.bytes = data.byteLength;
            gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW); // the same buffer, larger
        } else if (begin < end) {
            gl.bufferSubData(gl.ARRAY_BUFFER, 4 * NUMBERS * begin, data, NUMBERS * begin, NUMBERS * (end - begin));
        }
    }

    /** @param {number} count @param {Look} look */
    #paint(count, { matrix, scale, reach, half, width, height, back }) {
        const gl = this._gl, [red, green, blue] = back.map((one) => one / 255), { _places: places } = this;
        gl.viewport(0, 0, width, height);
        gl.clearColor(red, green, blue, 1);
        gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
        gl.useProgram(this._program);
        gl.uniformMatrix3fv(places.turn, false, matrix); // by columns, which a vector before it is multiplied with
        gl.uniform4f(places.frame, width, height, scale, reach);
        gl.uniform1f(places.halfSize, half);
        gl.uniform3f(places.back, red, green, blue);
        gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, count);
    }
}

/** @param {WebGL2RenderingContext} gl */
function programOf(gl) {
    const program = gl.createProgram();
    for (const [type, text] of /** @type {const} */ ([[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]])) {
        const shader = /** @type {WebGLShader} */ (gl.createShader(type));
        gl.shaderSource(shader, text);
        gl.compileShader(shader);
        gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(`The shader of the cloud does not compile: ${gl.getProgramInfoLog(program)}`);
    return program;
}
