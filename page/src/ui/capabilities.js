/** What the document can tell about its browser; the engine workers add what they can compute. */
import { KERNELS, llamaInfo, TASK_TYPES } from '../shared/messages.js';
import { identify } from './browser.js';

/** @typedef {import('../shared/messages.js').Build} Build */
/** @typedef {import('../shared/messages.js').PlatformReport} PlatformReport */

/** The interface that an engine needs in its browser. A browser that lacks it in the document lacks
 * it in workers too, so that no worker has to be started to find out. */
const INTERFACES = /** @type {const} */ ({ webgpu: 'gpu', webnn: 'ml' });

/** @returns {Promise<Record<string, any>>} */
export async function baseCapabilities() {
    const nav = /** @type {any} */ (navigator);
    return {
        browser: { ...await identify(nav), user_agent: nav.userAgent },
        os: nav.userAgentData?.platform || nav.platform || '',
        cores: nav.hardwareConcurrency ?? 1,
        memory_gib: nav.deviceMemory ?? 0,
        cross_origin_isolated: self.crossOriginIsolated,
        platforms: { ...absent(), webgl: webgl() },
        // Its workers come with their models.
        engines: { llama: __LLAMA_VERSION__, kernels: KERNELS.version },
        engine_info: { llama: llamaInfo(llamaBuild() === 'jspi64'), kernels: KERNELS.info },
        task_types: TASK_TYPES,
    };
}

/** The build of llama.cpp for this browser: where WASM can be suspended and has 64-bit addresses, that which
 * makes use of both. @returns {'jspi64' | 'compat32'} */
export const llamaBuild = () => ('Suspending' in WebAssembly && hasWideMemory() ? 'jspi64' : 'compat32');

function hasWideMemory() {
    try {
        new WebAssembly.Memory(/** @type {any} */ ({ initial: 1n, maximum: 1n, address: 'i64' }));
        return true;
    } catch {
        return false;
    }
}

/** No engine of this page computes with WebGL yet; what is there is reported all the same. */
function webgl() {
    const gl = document.createElement('canvas').getContext('webgl2');
    if (!gl) return { available: false, reason: 'this browser gives no WebGL 2 context' };
    const info = gl.getExtension('WEBGL_debug_renderer_info');
    const text = (/** @type {number} */ name) => String(gl.getParameter(name) ?? '');
    const description = text(info?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
    const vendor = text(info?.UNMASKED_VENDOR_WEBGL ?? gl.VENDOR);
    gl.getExtension('WEBGL_lose_context')?.loseContext();
    return {
        available: false, reason: 'this page has no WebGL engine',
        adapter: {
            vendor, architecture: '', description,
            is_fallback: /swiftshader|llvmpipe|softpipe|basic render/i.test(description),
        },
    };
}

/** The platforms that this browser cannot have, each with the reason. @returns {Record<string, PlatformReport>} */
function absent() {
    const where = self.isSecureContext ? 'in this browser'
        : 'here: browsers offer it to pages from https or localhost only';
    const nav = /** @type {any} */ (navigator);
    return Object.fromEntries(Object.entries(INTERFACES).filter(([, name]) => !nav[name])
        .map(([platform, name]) => [platform, { available: false, reason: `navigator.${name} is missing ${where}` }]));
}

/** The engine workers worth starting. @param {Build[]} builds @param {Record<string, any>} capabilities */
export const possibleBuilds = (builds, capabilities) =>
    builds.filter((build) => capabilities.platforms[build] === undefined);
