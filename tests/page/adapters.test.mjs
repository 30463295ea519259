// tier: quick
/** Adapters as browsers name them on Linux, Windows and Macs: which are software. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { describe as described } from '../../page/src/engine/gpu.js';
import { adapterOf } from '../../page/src/shared/webgl.js';

const SOFTWARE = true, HARDWARE = false;

/** What GPUAdapter.info contains, and whether it is software. */
const WEBGPU = [
    // Chromium: always vendor and architecture, and the rest with --enable-webgpu-developer-features.
    [{ vendor: 'google', architecture: 'swiftshader', isFallbackAdapter: true }, SOFTWARE],
    [{ vendor: 'google', architecture: 'swiftshader', device: '0xc0de', description: 'SwiftShader Device (Subzero)' }, SOFTWARE],
    [{ vendor: 'mesa', architecture: 'software' }, SOFTWARE],
    [{ vendor: 'mesa', architecture: 'software', device: '0x0000', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }, SOFTWARE],
    [{ vendor: 'mesa', architecture: '', device: '0x0000', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }, SOFTWARE],
    [{ vendor: 'microsoft', architecture: 'warp' }, SOFTWARE],
    [{ vendor: 'microsoft', architecture: '', description: 'Microsoft Basic Render Driver' }, SOFTWARE],
    [{ vendor: 'nvidia', architecture: '', device: '0x2330', description: 'NVIDIA H100 80GB HBM3' }, HARDWARE],
    [{ vendor: 'nvidia', architecture: 'lovelace', device: '0x2684', description: 'NVIDIA GeForce RTX 4090' }, HARDWARE],
    [{ vendor: 'amd', architecture: 'rdna-2', description: 'AMD Radeon RX 6800 (RADV NAVI21)' }, HARDWARE],
    [{ vendor: 'intel', architecture: 'gen-12lp', description: 'Intel(R) Xe Graphics (TGL GT2)' }, HARDWARE],
    [{ vendor: 'qualcomm', architecture: 'adreno-6xx' }, HARDWARE],
    [{ vendor: 'arm', architecture: 'valhall' }, HARDWARE],
    [{ vendor: 'apple', architecture: 'metal-3', isFallbackAdapter: false }, HARDWARE],
    // The GPU of a virtual machine is as good as its host's.
    [{ vendor: 'nvidia', architecture: '', description: 'Virtio-GPU Venus (NVIDIA GeForce RTX 3060)' }, HARDWARE],
    [{ vendor: 'mesa', architecture: '', description: 'Virtio-GPU Venus (llvmpipe (LLVM 17.0.6, 256 bits))' }, SOFTWARE],
    // Firefox tells no name; only the flag counts.
    [{ vendor: '', architecture: '', device: '', description: '', isFallbackAdapter: true }, SOFTWARE],
    [{ vendor: '', architecture: '', device: '', description: '', isFallbackAdapter: false }, HARDWARE],
];

/** UNMASKED_RENDERER_WEBGL. */
const WEBGL = [
    // Chromium, through ANGLE.
    ['ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)', SOFTWARE],
    ['ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (LLVM 16.0.0) (0x0000C0DE)), SwiftShader driver-5.0.0)', SOFTWARE],
    ['ANGLE (Mesa, llvmpipe (LLVM 15.0.6 256 bits), OpenGL 4.5)', SOFTWARE],
    ['ANGLE (Mesa, Vulkan 1.3.239 (llvmpipe (LLVM 15.0.6 256 bits) (0x00000000)), llvmpipe)', SOFTWARE],
    ['ANGLE (Microsoft, Microsoft Basic Render Driver (0x0000008C) Direct3D11 vs_5_0 ps_5_0, D3D11)', SOFTWARE],
    ['ANGLE (NVIDIA, Vulkan 1.3.277 (NVIDIA H100 80GB HBM3 (0x00002330)), NVIDIA)', HARDWARE],
    ['ANGLE (AMD, AMD Radeon RX 6800 (radeonsi navi21 LLVM 15.0.7), OpenGL 4.6)', HARDWARE],
    ['ANGLE (Intel, Mesa Intel(R) Xe Graphics (TGL GT2), OpenGL 4.6)', HARDWARE],
    // Firefox on Mesa, by its own names for groups of adapters.
    ['llvmpipe, or similar', SOFTWARE],
    ['llvmpipe (LLVM 15.0.6, 256 bits)', SOFTWARE],
    ['Software Rasterizer', SOFTWARE],
    ['softpipe', SOFTWARE],
    ['Radeon R9 200 Series, or similar', HARDWARE],
    ['NVIDIA GeForce GTX 980, or similar', HARDWARE],
    // Virtual machines: virgl names what it draws with; VMware's driver uses LLVM for shaders alone.
    ['virgl (LLVMPIPE (LLVM 15.0.6, 256 bits))', SOFTWARE],
    ['virgl (Mesa Intel(R) UHD Graphics 620 (KBL GT2))', HARDWARE],
    ['SVGA3D; build: RELEASE;  LLVM;', HARDWARE],
    // WebKit has one name for all, its software renderer among them.
    ['Apple GPU', HARDWARE],
];

const nameOf = (adapter) => Object.values(adapter).filter((value) => typeof value === 'string').join(' ');

test('WebGPU adapters', () => {
    for (const [info, isSoftware] of WEBGPU) assert.equal(described({ info }).is_fallback, isSoftware, nameOf(info));
});

test('the flag of browsers before it was moved to the info', () => {
    const info = { vendor: '', architecture: '', device: '', description: '' };
    assert.equal(described({ info, isFallbackAdapter: true }).is_fallback, true);
    assert.equal(described({ info, isFallbackAdapter: false }).is_fallback, false);
});

test('WebGL renderers', () => {
    for (const [renderer, isSoftware] of WEBGL) {
        const values = { renderer, vendor: 'Mesa' };
        const gl = { RENDERER: 'renderer', VENDOR: 'vendor', getExtension: () => null, getParameter: (name) => values[name] };
        assert.equal(adapterOf(gl).is_fallback, isSoftware, renderer);
    }
});
