/** Draws the cloud by WebGPU: an instance for each point, from one buffer that doubles. */
import { FADE, PIXEL_BYTES } from './camera.js';
import { NUMBERS } from './points.js';

/** @import { Look } from './camera.js' */
/** @import { Points } from './points.js' */

/** The same as `rasterise` does. */
const SHADER = `struct Look { right: vec4f, up: vec4f, near: vec4f, frame: vec4f, back: vec4f } // frame: width, height, pixels for a unit, reach; back: and half
@group(0) @binding(0) var<uniform> look: Look;
struct Seen { @builtin(position) place: vec4f, @location(0) @interpolate(flat) colour: vec3f }
@vertex fn seen(@builtin(vertex_index) vertex: u32, @location(0) point: vec4f) -> Seen {
    let at = vec3f(dot(look.right.xyz, point.xyz), dot(look.up.xyz, point.xyz), dot(look.near.xyz, point.xyz));
    let isMarked = point.w < 0.0;
    let packed = u32(abs(point.w));
    let depth = select(clamp(0.5 - at.z / look.frame.w / 2.0, 0.0, 1.0), 0.0, isMarked);
    let reach = select(look.back.w, 2.0 * look.back.w, isMarked);
    let own = vec3f(f32(packed >> 16u), f32((packed >> 8u) & 255u), f32(packed & 255u)) / 255.0;
    let corner = vec2f(f32(vertex & 1u), f32(vertex >> 1u)) * (2.0 * reach + 1.0);
    let pixel = floor(look.frame.xy / 2.0 + look.frame.z * at.xy) - reach + corner;
    return Seen(vec4f(pixel / look.frame.xy * 2.0 - 1.0, depth, 1.0), mix(own, look.back.rgb, select(${FADE} * depth, 0.0, isMarked)));
}
@fragment fn made(point: Seen) -> @location(0) vec4f { return vec4f(point.colour, 1.0); }`;
const LOOK_BYTES = 80;
const DEPTH = 'depth24plus';
/** GPUBufferUsage and GPUTextureUsage. */
const USAGE = Object.freeze({ vertex: 0x20 | 0x8, uniform: 0x40 | 0x8, read: 0x1 | 0x8, target: 0x10, readTarget: 0x10 | 0x1 });
/** Bytes of a row of a texture that is copied are a multiple of it. */
const ROW_BYTES = 256;

/** @implements {Drawing} @typedef {import('./cloud.js').Drawing} Drawing */
export class GpuCloud {
    name = 'WebGPU';
    /** Vertex buffers that were made. */
    buffers = 0;
    bytes = 0;

    /** @param {any} device @param {HTMLCanvasElement | null} canvas null: pictures alone are made */
    constructor(device, canvas) {
        const format = canvas ? /** @type {any} */ (navigator).gpu.getPreferredCanvasFormat() : 'rgba8unorm';
        this._device = device;
        this._format = format;
        this._context = /** @type {any} */ (canvas?.getContext('webgpu') ?? null);
        this._context?.configure({ device, format, alphaMode: 'opaque' });
        const module = device.createShaderModule({ code: SHADER });
        this._pipeline = device.createRenderPipeline({
            layout: 'auto',
            vertex: { module, entryPoint: 'seen', buffers: [{ arrayStride: 4 * NUMBERS, stepMode: 'instance', attributes: [{ shaderLocation: 0, offset: 0, format: 'float32x4' }] }] },
            fragment: { module, entryPoint: 'made', targets: [{ format }] },
            primitive: { topology: 'triangle-strip' },
            depthStencil: { format: DEPTH, depthWriteEnabled: true, depthCompare: 'less-equal' },
        });
        this._look = device.createBuffer({ size: LOOK_BYTES, usage: USAGE.uniform });
        this._group = device.createBindGroup({ layout: this._pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: this._look } }] });
        /** @type {any} */
        this._points = null;
        /** @type {any} */
        this._depths = null;
    }

    get held() {
        const { width = 0, height = 0 } = this._depths ?? {};
        return LOOK_BYTES + this.bytes + PIXEL_BYTES * width * height;
    }

    /** @param {Points} points @param {Look} look */
    draw(points, look) {
        this.#upload(points);
        const commands = this._device.createCommandEncoder();
        this.#paint(commands, this._context.getCurrentTexture(), points.count, look);
        this._device.queue.submit([commands.finish()]);
    }

    /** In a texture that is read back. @param {Points} points @param {Look} look @returns {Promise<Uint8ClampedArray>} RGBA, the upper row first */
    async picture(points, look) {
        const { width, height } = look, across = Math.ceil(4 * width / ROW_BYTES) * ROW_BYTES, device = this._device;
        this.#upload(points);
        const texture = device.createTexture({ size: [width, height], format: this._format, usage: USAGE.readTarget });
        const answer = device.createBuffer({ size: across * height, usage: USAGE.read }), commands = device.createCommandEncoder();
        this.#paint(commands, texture, points.count, look);
        commands.copyTextureToBuffer({ texture }, { buffer: answer, bytesPerRow: across }, [width, height]);
        device.queue.submit([commands.finish()]);
        await answer.mapAsync(1); // GPUMapMode.READ
        const read = new Uint8Array(answer.getMappedRange()), pixels = new Uint8ClampedArray(4 * width * height), isTurned = this._format.startsWith('bgra');
        for (let row = 0; row < height; row++) pixels.set(read.subarray(across * row, across * row + 4 * width), 4 * width * row);
        for (let i = 0; isTurned && i < pixels.length; i += 4) [pixels[i], pixels[i + 2]] = [pixels[i + 2], pixels[i]];
        answer.destroy();
        texture.destroy();
        return pixels;
    }

    stop() {
        this._device.destroy();
    }

    /** @param {Points} points */
    #upload(points) {
        const { data } = points, { begin, end } = points.take(), isLarger = this.bytes < data.byteLength;
        if (isLarger) {
            this._points?.destroy();
            this._points = this._device.createBuffer({ size: data.byteLength, usage: USAGE.vertex });
            this.bytes = data.byteLength;
            this.buffers++;
        }
        const [from, to] = isLarger ? [0, points.count] : [begin, end];
        if (from < to) this._device.queue.writeBuffer(this._points, 4 * NUMBERS * from, data, NUMBERS * from, NUMBERS * (to - from));
    }

    /** @param {any} commands @param {any} texture @param {number} count @param {Look} look */
    #paint(commands, texture, count, { matrix: m, scale, reach, half, width, height, back }) {
        const [red, green, blue] = back.map((one) => one / 255);
        this._device.queue.writeBuffer(this._look, 0, Float32Array.of(m[0], m[1], m[2], 0, m[3], m[4], m[5], 0, m[6], m[7], m[8], 0, width, height, scale, reach, red, green, blue, half));
        const pass = commands.beginRenderPass({
            colorAttachments: [{ view: texture.createView(), loadOp: 'clear', storeOp: 'store', clearValue: [red, green, blue, 1] }],
            depthStencilAttachment: { view: this.#depthsOf(width, height).createView(), depthLoadOp: 'clear', depthStoreOp: 'discard', depthClearValue: 1 },
        });
        pass.setPipeline(this._pipeline);
        pass.setBindGroup(0, this._group);
        pass.setVertexBuffer(0, this._points);
        pass.draw(4, count);
        pass.end();
    }

    /** Made again only for another size. @param {number} width @param {number} height */
    #depthsOf(width, height) {
        if (this._depths?.width !== width || this._depths?.height !== height) {
            this._depths?.destroy();
            this._depths = this._device.createTexture({ size: [width, height], format: DEPTH, usage: USAGE.target });
        }
        return this._depths;
    }
}
