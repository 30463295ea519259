// tier: quick
/** What a folder's preprocessor_config.json has made of pictures, against what tests/oracles/pictures.py has written down of Python's rules. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { prepare } from '../../page/src/pipeline/image/prepare.js';
import { settingsOf } from '../../page/src/pipeline/image/settings.js';
import { planOf } from '../../page/src/pipeline/image/steps.js';
import { layoutOf, tilesOf } from '../../page/src/pipeline/image/tiles.js';
import { root } from '../lib/paths.mjs';

const { oracle, cases } = JSON.parse(fs.readFileSync(path.join(root, 'tests/oracles/pictures/processors.json'), 'utf8'));

const byteAt = (x, y, channel) => x * 7 + y * 13 + channel * 29 + x * y % 11 * 9 & 255;

/** As the oracle draws them. */
const pictures = {
    drawn: (width, height) => pictureOf(width, height, byteAt),
    paper(width, height) {
        const [left, top, wide, high] = [Math.floor(width / 3), Math.floor(height / 5), Math.floor(width / 2), Math.floor(height / 2)];
        return pictureOf(width, height, (x, y, channel) => x >= left && x < left + wide && y >= top && y < top + high
            ? byteAt(x - left, y - top, channel) >> 1 : 250);
    },
};

function pictureOf(width, height, of) {
    const data = Uint8ClampedArray.from({ length: width * height * 3 }, (_, i) => of(Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3));
    return { data, width, height, channels: 3 };
}

const library = { Tensor: class { constructor(_, data) { this.data = data; } }, full: () => null };
const isTiled = (settings) => settings.fit === 'even';

/** Of the model's picture; with tiles also how many rows and columns of them there are. */
function sizeOf(from, settings) {
    if (!isTiled(settings)) {
        const { size, border } = planOf(from, settings), { width, height } = border ?? size;
        return [width, height];
    }
    const { side, rows, columns } = layoutOf(from, settings);
    return [side, side, rows, columns];
}

const numbersOf = (file, settings, picture) => isTiled(settings)
    ? tilesOf(library, file, picture).inputs.pixel_values.data : prepare(picture, settings).numbers;

/** How far apart numbers may be: one step of a byte, by the factors that it is multiplied with. */
function stepOf({ rescale, normalize }) {
    return normalize.reduce((step, { std }) => step / Math.min(...std), rescale?.factor ?? 1) + 1e-5;
}

const told = ({ image_processor_type: type, feature_extractor_type: old, ...said }) => `${type ?? old} ${JSON.stringify(said)}`;

for (const { rule, file, sizes, values } of cases) {
    test(`${told(file)}: as ${oracle.program}, models/${rule}`, () => {
        const settings = settingsOf(file);
        for (const [width, height, wanted] of sizes) {
            const made = () => sizeOf({ width, height }, settings);
            if (wanted) assert.deepEqual(made(), wanted, `${width} × ${height}`);
            else assert.throws(made, { code: 'picture_invalid', field: 'inputs.image' }, `${width} × ${height}`);
        }
        for (const { picture: kind, from: [width, height], to, count, mean, spread, samples } of values) {
            const picture = pictures[kind](width, height);
            if (kind === 'drawn' && !settings.does.margin) assert.deepEqual(sizeOf(picture, settings), to);
            const numbers = numbersOf(file, settings, picture), step = stepOf(settings);
            assert.equal(numbers.length, count);
            for (const [i, sample] of samples.entries()) {
                const made = numbers[Math.floor(i * (count - 1) / (samples.length - 1))];
                assert.ok(Math.abs(made - sample) <= step, `${width} × ${height}, sample ${i}: ${made}, not ${sample}`);
            }
            const sum = numbers.reduce((all, one) => all + one, 0) / count;
            const square = numbers.reduce((all, one) => all + (one - sum) ** 2, 0) / count;
            assert.ok(Math.abs(sum - mean) <= step / 20, `${width} × ${height}: a mean of ${sum}, not ${mean}`);
            assert.ok(Math.abs(Math.sqrt(square) - spread) <= step / 20, `${width} × ${height}: a spread of ${Math.sqrt(square)}, not ${spread}`);
        }
    });
}

test('the numbers of the review come out', () => {
    const made = (type, more, width, height) => sizeOf({ width, height }, settingsOf({ image_processor_type: type, ...more }));
    assert.deepEqual(made('DetrImageProcessor', { size: { shortest_edge: 800, longest_edge: 1333 } }, 640, 427), [1199, 800]);
    assert.deepEqual(made('YolosFeatureExtractor', { size: { shortest_edge: 512, longest_edge: 1333 } }, 224, 224), [512, 512]);
    assert.deepEqual(made('CLIPFeatureExtractor', { size: 224, crop_size: 224 }, 300, 200), [224, 224]);
    assert.deepEqual(made('ViTFeatureExtractor', { size: 224 }, 300, 200), [224, 224]);
    assert.deepEqual(made('ConvNextFeatureExtractor', { size: 500 }, 300, 200), [500, 500]);
    assert.deepEqual(settingsOf({ image_processor_type: 'ViTImageProcessor' }).normalize, [{ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }]);
});

const vit = (more) => ({ image_processor_type: 'ViTImageProcessor', ...more });
for (const [what, file, field, message] of [
    ['no type', {}, 'image_processor_type', /has no image_processor_type$/],
    ['an unknown type', { image_processor_type: 'MagicImageProcessor' }, 'image_processor_type', /is "MagicImageProcessor", which/],
    ['an old type', { feature_extractor_type: 'WhisperFeatureExtractor' }, 'feature_extractor_type', /: feature_extractor_type is "Whisper/],
    ['a name that every object has', { image_processor_type: 'constructor' }, 'image_processor_type', /is "constructor"/],
    ['a type that is none', { image_processor_type: 4 }, 'image_processor_type', /has no image_processor_type$/],
    ['a step that is not done', { image_processor_type: 'Gemma3ImageProcessor', do_pan_and_scan: true }, 'do_pan_and_scan', /do_pan_and_scan is true$/],
    ['a step that is not known', vit({ do_color_quantize: true }), 'do_color_quantize', /do_color_quantize is true$/],
    ['a filter', vit({ resample: 9 }), 'resample', /resample is 9$/],
    ['a size', vit({ size: { breadth: 4 } }), 'size', /size is \{"breadth":4\}$/],
    ['a size of fewer sides', vit({ size: { height: 4 } }), 'size', /size is \{"height":4\}$/],
    ['a size of other sides', { image_processor_type: 'ConvNextImageProcessor', size: { height: 4, width: 4 } }, 'size', /size has height and width$/],
    ['a size of 0', vit({ size: 0 }), 'size', /size is 0$/],
    ['a size that is none', vit({ size: 2.5 }), 'size', /size is 2.5$/],
    ['a crop', vit({ do_center_crop: true, crop_size: { shortest_edge: 4 } }), 'crop_size', /crop_size is \{"shortest_edge":4\}$/],
    ['a mean', vit({ image_mean: [0.5, 0.5] }), 'image_mean', /image_mean is \[0.5,0.5\]$/],
    ['a deviation of 0', vit({ image_std: [1, 0, 1] }), 'image_std', /image_std is \[1,0,1\]$/],
    ['a factor', vit({ rescale_factor: '1/255' }), 'rescale_factor', /rescale_factor is "1\/255"$/],
    ['multiples of 0', { image_processor_type: 'GLPNImageProcessor', size_divisor: 0 }, 'size_divisor', /size_divisor is 0$/],
    ['a share', { image_processor_type: 'ConvNextImageProcessor', crop_pct: -1 }, 'crop_pct', /crop_pct is -1$/],
    ['coloured borders', vit({ fill_color: 9 }), 'fill_color', /fill_color is 9$/],
    ['huge borders', { image_processor_type: 'DPTImageProcessor', do_pad: true, size_divisor: 65536 }, 'size_divisor', /size_divisor 65536 has borders make 65536 × 65536 pixels$/],
    ['narrow borders', { image_processor_type: 'DetrImageProcessor', pad_size: 30 }, 'pad_size', /pad_size is 30 × 30, and a picture comes to/],
]) test(`${what}: refused by name`, () => {
    assert.throws(() => planOf({ width: 64, height: 48 }, settingsOf(file)),
        ({ code, field: at, message: said, expected }) => code === 'model_invalid' && at === field && message.test(said) && said.startsWith('preprocessor_config.json') && Boolean(expected));
});

test('what changes nothing here is passed over', () => {
    const known = settingsOf(vit({}));
    for (const more of [{ do_convert_rgb: true }, { do_reduce_labels: true }, { do_pan_and_scan: false }, { do_whatever: null },
        { processor_class: 'X' }, { _valid_processor_keys: ['images'] }, { data_format: 'channels_first' }, { fill_color: [0, 0, 0] }, { do_flip_channel_order: true }])
        assert.deepEqual(settingsOf(vit(more)), known, JSON.stringify(more));
});
