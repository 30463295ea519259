/** The kind of this browser, from its brands if it has them, or else from its user agent string. */

/** Brands of userAgentData by our names, the most specific first. */
const BRANDS = /** @type {const} */ ([
    ['Microsoft Edge', 'edge'], ['Google Chrome', 'chrome'], ['HeadlessChrome', 'chromium'], ['Chromium', 'chromium'],
]);
/** The same from a user agent string. */
const AGENTS = /** @type {const} */ ([
    [/Edg[A-Za-z]*\/([\d.]+)/, 'edge'], [/(?:Firefox|FxiOS)\/([\d.]+)/, 'firefox'],
    [/(?:Chrom(?:e|ium)|HeadlessChrome|CriOS)\/([\d.]+)/, 'chromium'],
    [/(?:Macintosh|iPhone|iPad).*Version\/([\d.]+).*Safari/, 'safari'],
    [/Version\/([\d.]+).*Safari/, 'webkit'], [/AppleWebKit\/([\d.]+)/, 'webkit'],
]);

/**
 * @param {any} navigator
 * @returns {Promise<{name: string, version: string}>} name `unknown` for what says nothing we know
 */
export async function identify({ userAgent, userAgentData }) {
    const full = await userAgentData?.getHighEntropyValues(['fullVersionList']).catch(() => null);
    for (const [brand, name] of BRANDS) {
        const found = full?.fullVersionList?.find((/** @type {any} */ entry) => entry.brand === brand);
        if (found) return { name, version: found.version };
    }
    for (const [pattern, name] of AGENTS) {
        const match = pattern.exec(userAgent);
        if (match) return { name, version: match[1] };
    }
    return { name: 'unknown', version: '' };
}
