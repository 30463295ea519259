/** What the document can tell about its browser; the engine workers add what they can compute. */

/** Brands of userAgentData by our names, the most specific first. */
const BRANDS = /** @type {const} */ ([
    ['Microsoft Edge', 'edge'], ['Google Chrome', 'chrome'], ['HeadlessChrome', 'chromium'], ['Chromium', 'chromium'],
]);
/** The same from a user agent string. */
const AGENTS = /** @type {const} */ ([
    [/Edg\/([\d.]+)/, 'edge'], [/Firefox\/([\d.]+)/, 'firefox'], [/Chrom(?:e|ium)\/([\d.]+)/, 'chromium'],
    [/Version\/([\d.]+).*Safari/, 'safari'],
]);

/** @returns {Promise<Record<string, any>>} */
export async function baseCapabilities() {
    const nav = /** @type {any} */ (navigator);
    return {
        browser: { ...await browser(nav), user_agent: nav.userAgent },
        os: nav.userAgentData?.platform || nav.platform || '',
        cores: nav.hardwareConcurrency ?? 1,
        memory_gib: nav.deviceMemory ?? 0,
        cross_origin_isolated: self.crossOriginIsolated,
        platforms: { webgl: webgl(), webnn: webnn(nav) },
    };
}

/** @param {any} nav @returns {Promise<{name: string, version: string}>} */
async function browser(nav) {
    const full = await nav.userAgentData?.getHighEntropyValues(['fullVersionList']).catch(() => null);
    for (const [brand, name] of BRANDS) {
        const found = full?.fullVersionList?.find((/** @type {any} */ entry) => entry.brand === brand);
        if (found) return { name, version: found.version };
    }
    for (const [pattern, name] of AGENTS) {
        const match = pattern.exec(nav.userAgent);
        if (match) return { name, version: match[1] };
    }
    return { name: 'unknown', version: '' };
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

/** @param {any} nav */
const webnn = (nav) => ({
    available: false,
    reason: nav.ml ? 'this page has no WebNN engine' : 'navigator.ml is missing in this browser',
});
