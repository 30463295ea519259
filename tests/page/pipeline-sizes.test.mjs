/** Of which models the sizes of pictures are known before they are loaded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pictureSizes } from '../../page/src/pipeline/sizes.js';

const size = { height: 24, width: 32 }, crop = { height: 16, width: 20 };

for (const [what, described, wanted] of [
    ['one size', { do_resize: true, size }, [24, 32]],
    ['a part of the middle', { do_resize: true, size: { shortest_edge: 32 }, do_center_crop: true, crop_size: crop }, [16, 20]],
    ['the middle alone', { do_resize: false, do_center_crop: true, crop_size: crop }, [16, 20]],
    ['one size of which nothing is cropped', { size, do_center_crop: false, crop_size: crop }, [24, 32]],
    ['the shortest edge', { size: { shortest_edge: 32 } }, null],
    ['pictures as they are', { do_resize: false, size }, null],
    ['borders', { size, do_pad: true }, null],
    ['the shape of the picture', { size, keep_aspect_ratio: true }, null],
    ['multiples', { size, size_divisor: 32 }, null],
    ['sounds', { feature_size: 80 }, null],
    ['nothing', undefined, null],
])
    test(`a processor that gives ${what}: ${wanted ? 'a size' : 'none'}`, () => {
        const sizes = wanted ? { batch_size: 1, num_channels: 3, height: wanted[0], width: wanted[1] } : {};
        assert.deepEqual(pictureSizes({}, described), sizes);
    });

test('models of grey pictures say so', () => {
    assert.equal(pictureSizes({ num_channels: 1 }, { size }).num_channels, 1);
});
