/**
 * Sizes that are known before a model is loaded, for WebNN, which computes nothing else: those of a model's
 * pictures, where it takes one at a time and its processor brings each to the same size.
 */

/** By the names that exporters give them in graphs; what a graph does not name is passed over.
 * @param {any} config @param {any} described how pictures are prepared
 * @returns {Record<string, number>} none where they differ from picture to picture */
export function pictureSizes(config, described) {
    const size = described?.do_center_crop ? described.crop_size : described?.size;
    const { height, width } = size ?? {};
    if (![height, width].every((one) => Number.isInteger(one) && one > 0)) return {};
    if (described.do_resize === false && !described.do_center_crop || differs(described)) return {};
    return { batch_size: 1, num_channels: config.num_channels ?? 3, height, width };
}

/** @param {any} described */
const differs = ({ do_pad: pads, do_thumbnail: shrinks, keep_aspect_ratio: keeps, size_divisor: divisor,
    size_divisibility: divisibility }) => Boolean(pads || shrinks || keeps || divisor || divisibility);
