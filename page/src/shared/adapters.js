/** Which graphics adapters are software. */

/** What software rasterisers call themselves: SwiftShader; Mesa's llvmpipe, lavapipe, softpipe and swrast; Windows' WARP, also called
 * Microsoft Basic Render Driver. Chromium names the architecture of Mesa's "software". An adapter of a virtual machine (virgl, Venus)
 * is as good as that of its host, which it names in brackets. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|swrast|basic render|\b(warp|software|cpu)\b/i;

/** @param {...string} names of one adapter */
export const namesSoftware = (...names) => SOFTWARE.test(names.join(' '));
