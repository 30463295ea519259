/** The browser's properties that the document can find out; the engine workers add what they can compute. */
import { KERNELS, llamaInfo, TASK_TYPES } from '../shared/messages.js';
import { adapterOf, contextOf, drawsRight, letGo } from '../shared/webgl.js';
import { identify } from './browser.js';

/** @import { Device } from '../people/settings.js' */
/** @import { Build, PlatformReport } from '../shared/messages.js' */

/** The interface that an engine needs in its browser. A browser that lacks it in the document lacks
 * it in workers too, so that no worker has to be started to find out. */
const INTERFACES = /** @type {const} */ ({ webgpu: 'gpu', webnn: 'ml' });

/** What a platform says that its person does not want. */
const UNWANTED = Object.freeze({ available: false, reason: 'the user of this browser lets it compute with the processor only' });

/** @param {Device} device that is preferred @returns {Promise<Record<string, any>>} */
export async function baseCapabilities(device) {
    const nav = /** @type {any} */ (navigator);
    return {
        browser: { ...await identify(nav), user_agent: nav.userAgent },
        os: nav.userAgentData?.platform || nav.platform || '',
        cores: nav.hardwareConcurrency ?? 1,
        memory_gib: nav.deviceMemory ?? 0,
        cross_origin_isolated: self.crossOriginIsolated,
        platforms: device === 'cpu' ? { webgpu: UNWANTED, webnn: UNWANTED, webgl: UNWANTED } : { ...absent(), webgl: webgl(powerOf(device)) },
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

/** Which adapter such a device is. @param {Device} device @returns {'high-performance' | 'low-power'} */
export const powerOf = (device) => (device === 'low-power' ? device : 'high-performance');

/** Its worker comes with its first task. @param {import('../shared/webgl.js').Power} power @returns {PlatformReport} */
function webgl(power) {
    const { gl, reason } = contextOf(document.createElement('canvas'), power);
    if (!gl) return { available: false, reason };
    const adapter = adapterOf(gl);
    try {
        return drawsRight(gl) ? { available: true, adapter } : { available: false, reason: 'a test draw gave a wrong result', adapter };
    } catch (error) {
        return { available: false, reason: `WebGL 2 does not work here: ${error}`.slice(0, 160), adapter };
    } finally {
        letGo(gl);
    }
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
