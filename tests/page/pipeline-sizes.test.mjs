// tier: quick
/** Of which graphs the sizes are known before they are loaded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireManyTexts, sizesOf } from '../../page/src/pipeline/sizes.js';

const size = { height: 24, width: 32 }, crop = { height: 16, width: 20 };
const pictures = (height, width, channels = 3) => ({ batch_size: 1, image_batch_size: 1, num_channels: channels, height, width });

const vit = { image_processor_type: 'ViTImageProcessor' }, of = (name) => ({ image_processor_type: `${name}ImageProcessor` });

for (const [what, described, wanted] of [
    ['one size', { ...vit, do_resize: true, size }, [24, 32]],
    ['the size of its class', vit, [224, 224]],
    ['a part of the middle', { ...vit, do_resize: true, size: { shortest_edge: 32 }, do_center_crop: true, crop_size: crop }, [16, 20]],
    ['the middle alone', { ...vit, do_resize: false, do_center_crop: true, crop_size: crop }, [16, 20]],
    ['a square of the middle', { ...of('CLIP'), size: 32, crop_size: 24 }, [24, 24]],
    ['a square of the middle, as ConvNeXT has it', { ...of('ConvNext'), size: 32 }, [32, 32]],
    ['one size of which nothing is cropped', { ...vit, size, do_center_crop: false, crop_size: crop }, [24, 32]],
    ['one number, as a square', { ...vit, size: 32 }, [32, 32]],
    ['borders to one size', { ...of('Donut'), size }, [24, 32]],
    ['borders to a larger size', { ...vit, size: crop, do_pad: true, pad_size: size }, [24, 32]],
    ['borders to multiples of one size', { ...of('DPT'), size, do_pad: true, size_divisor: 32 }, [32, 32]],
    ['borders to a smaller size', { ...vit, size, do_pad: true, pad_size: crop }, null],
    ['no larger size', { ...of('Donut'), size, do_pad: false }, null],
    ['the shortest edge', { ...vit, size: { shortest_edge: 32 } }, null],
    ['the shortest edge, as one number', { ...of('CLIP'), size: 32, do_center_crop: false }, null],
    ['pictures as they are', { ...vit, do_resize: false, size }, null],
    ['pictures as they are, in borders', { ...of('Detr'), do_resize: false, pad_size: 100 }, null],
    ['the shape of the picture', { ...of('DPT'), size, keep_aspect_ratio: true }, null],
    ['multiples', of('GLPN'), null],
    ['pictures of no class', { size }, null],
    ['nothing', undefined, null],
])
    test(`a processor that gives ${what}: ${wanted ? 'a size' : 'none'}`, () => {
        assert.deepEqual(sizesOf({}, described)('onnx/model.onnx'), wanted ? pictures(...wanted) : {});
    });

for (const config of [{ num_channels: 1 }, { encoder: { num_channels: 1 } }, { vision_config: { num_channels: 1 } }])
    test(`models of grey pictures say so: ${JSON.stringify(config)}`, () => {
        assert.deepEqual(sizesOf(config, { ...vit, size })('onnx/model.onnx'), pictures(24, 32, 1));
    });

const clap = { feature_extractor_type: 'ClapFeatureExtractor', feature_size: 64, nb_max_samples: 480000, fft_window_size: 1024 };
const one = { batch_size: 1, audio_batch_size: 1, num_channels: 1 };

for (const [what, described, wanted] of [
    ['windows', { feature_extractor_type: 'WhisperFeatureExtractor', feature_size: 80, nb_max_frames: 3000 },
        { batch_size: 1, feature_size: 80, encoder_sequence_length: 3000 }],
    ['windows of no certain length', { feature_extractor_type: 'WhisperFeatureExtractor', feature_size: 80 }, {}],
    ['as many frames each time', { feature_extractor_type: 'ASTFeatureExtractor', max_length: 1024 }, { batch_size: 1 }],
    ['one window', { ...clap, hop_length: 480 }, { ...one, height: 1001, width: 64 }],
    ['one window of odd frames', { ...clap, fft_window_size: 1023, hop_length: 500 }, { ...one, height: 960, width: 64 }],
    ['one window of no certain length', { ...clap, hop_length: 480, nb_max_samples: undefined }, {}],
    ['all of a sound', { feature_extractor_type: 'Wav2Vec2FeatureExtractor', feature_size: 1 }, {}],
])
    test(`an extractor that gives ${what}`, () => {
        assert.deepEqual(sizesOf({}, described)('onnx/encoder_model.onnx'), wanted);
    });

test('they are those of the graphs that see or hear', () => {
    const graph = sizesOf({}, { ...vit, size });
    for (const name of ['model_fp16', 'model_quantized', 'encoder_model_q4f16', 'vision_encoder', 'vision_model_int8', 'audio_model_fp16'])
        assert.deepEqual(graph(`onnx/${name}.onnx`), pictures(24, 32), name);
    for (const name of ['decoder_model_merged', 'embed_tokens', 'text_model', 'decoder_with_past_model'])
        assert.deepEqual(graph(`onnx/${name}.onnx`), {}, name);
});

test('a graph that names pictures and texts alike would take one text only', () => {
    const session = (texts) => ({ inputMetadata: [
        { name: 'pixel_values', shape: [1, 3, 24, 32] }, { name: 'input_ids', shape: [texts, 'sequence_length'] }] });
    requireManyTexts(session('text_batch_size'));
    requireManyTexts({});
    assert.throws(() => requireManyTexts(session(1)), { code: 'platform_unsupported', message: /number of its pictures/ });
});
