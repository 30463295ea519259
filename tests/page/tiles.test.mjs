// tier: quick
/** Pictures in tiles, against our arithmetic, which pixels.test.mjs holds against Pillow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resample } from '../../page/src/pipeline/image/resample.js';
import { tilesOf } from '../../page/src/pipeline/image/tiles.js';
import { library } from './support/library.mjs';

test('tiles are cut from bytes that were scaled as Pillow does', async () => {
    const { transformers } = await library.open();
    const how = { image_processor_type: 'Idefics3ImageProcessor', do_resize: false, do_rescale: true, rescale_factor: 1 / 255, do_normalize: false, do_pad: true, resample: 1 };
    const side = 32;
    const from = { data: Uint8Array.from({ length: 50 * 23 * 3 }, (_, i) => i * i % 251), width: 50, height: 23, channels: 3 };
    const file = { ...how, max_image_size: { longest_edge: side } };
    const { inputs: { pixel_values: pixels, pixel_attention_mask: mask }, rows, columns } = tilesOf(transformers, file, from);
    assert.deepEqual([rows, columns, pixels.dims, mask.dims], [1, 2, [1, 3, 3, side, side], [1, 3, side, side]]);
    assert.ok(mask.data.every((one) => Boolean(one)));
    const large = { data: resample(from, 2 * side, side, 'lanczos'), width: 2 * side, height: side, channels: 3 };
    const whole = resample(large, side, side, 'lanczos');
    /** Byte `channel` at x, y of a tile. */
    const expected = (tile, channel, y, x) => tile < 2 ? large.data[(y * 2 * side + tile * side + x) * 3 + channel] : whole[(y * side + x) * 3 + channel];
    for (const [i, value] of pixels.data.entries()) {
        const [x, y, channel, tile] = [i % side, Math.floor(i / side) % side, Math.floor(i / side ** 2) % 3, Math.floor(i / side ** 2 / 3)];
        if (Math.abs(value * 255 - expected(tile, channel, y, x)) > 1e-3) assert.fail(`${value * 255} at ${[tile, channel, y, x]}`);
    }
    const one = tilesOf(transformers, { ...file, do_image_splitting: false }, from);
    assert.deepEqual([one.rows, one.columns, one.inputs.pixel_values.dims], [0, 0, [1, 1, 3, side, side]]);
});
